"""What is a training's folder, and what of it a training takes away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from seekline.learn.errors import NoTraining
from seekline.learn.lora.folder import clear, report_in
from seekline.learn.lora.page import PAGE, write_page
from seekline.learn.lora.report import REPORT, Report, read_report, write_report
from seekline.learn.lora.train import Point
from seekline.learn.lora.verdict import Change, Verdict
from seekline.learn.recipe import keep_choices

CHOICES = {"options": {"rank": 16}, "base": {}, "samples": {}, "elsewhere": []}


def test_new_and_empty_ones(tmp_path: Path) -> None:
    assert report_in(tmp_path / "new", restart=False) is None
    assert report_in(tmp_path, restart=True) is None
    (tmp_path / ".recipe.json.draft").touch()
    assert report_in(tmp_path, restart=False) is None, "killed before its recipe was whole"


def test_one_that_is_under_way(tmp_path: Path) -> None:
    keep_choices(tmp_path, CHOICES, "")
    (tmp_path / "notes.txt").touch()
    assert report_in(tmp_path, restart=False) is None


def test_another_versions_report_is_taken_away_only_when_asked(tmp_path: Path) -> None:
    keep_choices(tmp_path, CHOICES, "")
    (tmp_path / REPORT).write_text(json.dumps({"gain": True, "line": "", "verdict": {}}), "utf-8")
    with pytest.raises(NoTraining, match="another version"):
        report_in(tmp_path, restart=False)
    assert report_in(tmp_path, restart=True) is None


@pytest.mark.parametrize("text", ["", "[]", "3", "{}", "\udcff"])
def test_other_reports(tmp_path: Path, text: str) -> None:
    (tmp_path / REPORT).write_text(text, "utf-8", errors="surrogateescape")
    for restart in (False, True):
        with pytest.raises(NoTraining, match=r"report\.json is no report of a training"):
            report_in(tmp_path, restart=restart)


def test_a_report_of_folders_whose_names_are_no_text(tmp_path: Path) -> None:
    change = Change(before=2.0, after=1.0, relative=-0.5, low=-0.6, high=-0.4, tokens=9, samples=3, files=2)
    point = Point(step=0, epoch=0.0, tokens=0, seconds=0.0, loss=None, held_out=2.0)
    report = Report(
        date="2026-01-01",
        machine={},
        versions={},
        choices={"base": {"name": "tiny"}, "options": {}, "elsewhere": ["caf\udce9"]},
        files={"held_out_files": ["caf\udce9.py"]},
        points=(point,),
        seconds=1.0,
        tokens=9,
        tokens_per_second=9.0,
        why="that was all",
        verdict=Verdict(held_out=change, elsewhere=change, scale=1.0),
        adapter=None,
    )
    write_report(tmp_path, report)
    write_page(tmp_path, report)
    assert read_report(tmp_path) == report
    assert "caf\\udce9.py" in (tmp_path / PAGE).read_text("utf-8")


def test_only_its_own_files_are_taken_away(tmp_path: Path) -> None:
    out = tmp_path / "out"
    keep_choices(out, CHOICES, "")
    for name in ("checkpoint.pt", ".checkpoint.pt.draft", "before.json", "elsewhere.jsonl", "report.html"):
        (out / name).touch()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "weights").touch()
    (out / "adapter").symlink_to(tmp_path / "mine")
    (out / "notes").mkdir()
    (out / "notes" / "report.json").touch()
    clear(out)
    assert [path.name for path in out.iterdir()] == ["notes"]
    assert (out / "notes" / "report.json").exists()
    assert (tmp_path / "mine" / "weights").exists(), "a link is no folder of the training's"
