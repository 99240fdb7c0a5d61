"""The whole run: the same bytes for the same files, whatever happened on the way; what is left out, and its report."""

from __future__ import annotations

import json
import os
import random
import re
import sys
from pathlib import Path

import pytest
from learning_data import FILES, WATER, Make, MakeRepository, reasons, samples_in, write_files
from made_up_secrets import made_up
from seekline.learn.data.report import STAGES, read_report
from seekline.learn.errors import NothingToLearn, NotWritten, RecipeChanged

PRODUCTS = ("samples.jsonl", "report.json", "report.html")


def products(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in PRODUCTS}


def test_each_stage_tells_what_it_left_out(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    root = make_repository(
        files={
            **FILES,
            "broken.py": "def (:\n  ]] = class\n((((" + "if ) else ((\n" * 20,
            "data.unknown": b"words",
            "vendor/other.py": WATER,
            "again.py": WATER,
        }
    )
    report = make(root, out=tmp_path / "out")
    assert [stage.name for stage in report.stages] == list(STAGES)
    assert reasons(report, "rules") == {"empty": 1, "no known language": 1, "vendored": 1}
    assert reasons(report, "duplicates") == {"same as another file": 1}
    assert reasons(report, "quality") == {"does not parse": 1}
    for before, after in zip(report.stages, report.stages[1:], strict=False):
        assert after.files_in == before.files_out == before.files_in - sum(before.reasons.values())
    assert report.repositories[0].files == report.stages[-1].files_out == 5
    assert report.samples == len(samples_in(tmp_path / "out")) == sum(report.kinds.values())
    assert read_report(tmp_path / "out") == report


def test_samples_come_in_topological_order(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    report = make(make_repository(), out=tmp_path / "out")
    paths = list(dict.fromkeys(sample.path for sample in samples_in(tmp_path / "out")))
    assert paths.index("garden/store.py") < paths.index("garden/water.py")
    assert paths.index("web/request.ts") < paths.index("web/client.ts")
    assert ("web/request.ts", "web/client.ts") in report.repositories[0].order
    assert report.stages[1].notes == {"imports between files": 2, "files with a grammar": 4}


def test_when_a_file_changed_is_the_commits_time(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    make(make_repository(), out=tmp_path / "out")
    assert {sample.changed for sample in samples_in(tmp_path / "out")} == {1_700_000_000.0}


def test_the_same_bytes_in_another_place(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    """Made in another order, so that the folder lists its files in another one."""
    make(make_repository(), out=tmp_path / "one")
    make(make_repository(files=dict(reversed(FILES.items())), above="there"), out=tmp_path / "two")
    assert products(tmp_path / "one") == products(tmp_path / "two")
    make(make_repository(above="elsewhere"), out=tmp_path / "three", seed=1)
    assert (tmp_path / "three" / "samples.jsonl").read_bytes() != (tmp_path / "one" / "samples.jsonl").read_bytes()


class Killed(BaseException):
    pass


def kill_after(steps: int):
    """A progress that ends the run at its so-manieth call."""
    left = iter(range(steps))

    def tell(*_: object) -> None:
        if next(left, None) is None:
            raise Killed

    return tell


@pytest.mark.parametrize("form", ["samples", "instructions"])
def test_a_run_that_is_killed_again_and_again(
    make_repository: MakeRepository, make: Make, tmp_path: Path, form: str
) -> None:
    roots = (
        make_repository(),
        make_repository("other", {"b.py": WATER + "\nMORE = 1\n", "a.md": FILES["README.md"] * 9}),
    )
    pytest.importorskip("datasketch", reason="the extra `learn` is not installed")
    make(*roots, out=tmp_path / "whole", form=form)
    kills = 0
    for steps in range(1, 40):
        try:
            make(*roots, out=tmp_path / "killed", form=form, progress=kill_after(steps))
        except Killed:
            kills += 1
            for half in (tmp_path / "killed" / "state").rglob("*.jsonl"):
                half.write_bytes(half.read_bytes() + b'{"half a r')
        else:
            break
    assert kills > 3
    for name in (f"{form}.jsonl", "report.json", "report.html"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not (tmp_path / "killed" / "state").exists()


def test_a_finished_run_is_not_made_again(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    root = make_repository()
    first = make(root, out=tmp_path / "out")
    assert make(root, out=tmp_path / "out", progress=kill_after(0)) == first
    write_files(root, {"new.py": WATER.replace("water", "dry")})
    again = make(root, out=tmp_path / "out")
    assert again.repositories[0].files == first.repositories[0].files + 1


@pytest.mark.parametrize("name", ["report.json", "report.html", "inputs.json", "samples.jsonl"])
def test_a_run_without_its_report_is_not_finished(
    make_repository: MakeRepository, make: Make, tmp_path: Path, name: str
) -> None:
    root = make_repository()
    first = make(root, out=tmp_path / "out")
    before = (tmp_path / "out" / name).read_bytes()
    (tmp_path / "out" / name).unlink()
    assert make(root, out=tmp_path / "out") == first
    assert (tmp_path / "out" / name).read_bytes() == before


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_a_repository_whose_name_is_no_text(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    root = make_repository(os.fsdecode(b"caf\xe9"))
    report = make(root, out=tmp_path / "out")
    assert read_report(tmp_path / "out") == report
    assert "caf\\udce9" in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert {sample.repository for sample in samples_in(tmp_path / "out")} == {root.name}


def test_files_that_change_while_a_run_is_stopped(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    """What was found in the old ones does not count; a finished file of samples stays until the new one is whole."""
    root = make_repository()
    make(root, out=tmp_path / "out")
    before = products(tmp_path / "out")
    write_files(root, {"new.py": WATER.replace("water", "dry")})
    with pytest.raises(Killed):
        make(root, out=tmp_path / "out", progress=kill_after(9))
    assert products(tmp_path / "out") == before
    write_files(root, {"newer.py": WATER.replace("water", "sow")})
    make(root, out=tmp_path / "out")
    make(root, out=tmp_path / "fresh")
    assert products(tmp_path / "out") == products(tmp_path / "fresh")


def test_other_options_are_refused(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    root = make_repository()
    make(root, out=tmp_path / "out")
    with pytest.raises(RecipeChanged, match=r"fim_rate was 0\.5, is 0\.7"):
        make(root, out=tmp_path / "out", fim_rate=0.7)


def test_no_secret_is_learned(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    secret = made_up("alnum", 36, random.Random(1))
    files = {**FILES, "settings.py": f'API_TOKEN = "ghp_{secret}"\n\n\ndef login():\n    return API_TOKEN\n'}
    report = make(make_repository(files={**files, ".env": f"KEY={secret}\n"}), out=tmp_path / "out")
    assert reasons(report, "quality") == {"secret": 1}
    assert secret.encode() not in (tmp_path / "out" / "samples.jsonl").read_bytes()


def test_no_task_of_an_evaluation_set_is_learned(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    task = {
        "prompt": WATER.split("    watered")[0],
        "canonical_solution": "    watered" + WATER.split("    watered")[1],
    }
    (tmp_path / "set.jsonl").write_text(json.dumps(task) + "\n", "utf-8")
    report = make(make_repository(), out=tmp_path / "out", against=(tmp_path / "set.jsonl",))
    assert reasons(report, "duplicates") == {"has a task of an evaluation set": 1}
    assert "garden/water.py" not in {sample.path for sample in samples_in(tmp_path / "out")}


def test_only_permissive_licences_where_asked(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    root = make_repository()
    with pytest.raises(NothingToLearn, match="no licence known"):
        make(root, out=tmp_path / "none", licence="permissive")
    write_files(root, {"web/LICENSE": "Permission is hereby granted, free of charge, to any person obtaining a copy"})
    report = make(root, out=tmp_path / "some", licence="permissive")
    assert {sample.path for sample in samples_in(tmp_path / "some")} == {"web/client.ts", "web/request.ts"}
    assert reasons(report, "rules")["no licence known"] == 3


def test_limits(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    root = make_repository(files={f"{number}.py": WATER * 12 + f"A = {number}\n" for number in range(10)})
    assert make(root, out=tmp_path / "few", limit=20).samples <= 20
    assert {sample.path for sample in samples_in(tmp_path / "few")} == {f"{number}.py" for number in range(10)}
    assert make(root, out=tmp_path / "one", samples=1).samples <= 10


@pytest.mark.parametrize("files", [{}, {"a.png": b"\x89PNG\0", "b.py": b"\0\1\2"}], ids=["empty", "binary"])
def test_nothing_to_learn(make: Make, tmp_path: Path, files: dict[str, bytes]) -> None:
    (tmp_path / "root").mkdir()
    write_files(tmp_path / "root", files)
    with pytest.raises(NothingToLearn):
        make(tmp_path / "root", out=tmp_path / "out")
    assert not (tmp_path / "out" / "samples.jsonl").exists()


def test_without_git_the_disk_says_when_files_changed(make: Make, tmp_path: Path) -> None:
    write_files(tmp_path / "root", {"a.py": WATER})
    report = make(tmp_path / "root", out=tmp_path / "out")
    assert report.repositories[0].history is not None
    assert samples_in(tmp_path / "out")[0].changed == (tmp_path / "root" / "a.py").stat().st_mtime


def test_a_second_run_at_the_same_time(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    root = make_repository()

    def run_another(*_: object) -> None:
        make(root, out=tmp_path / "out")

    with pytest.raises(NotWritten, match="Another run"):
        make(root, out=tmp_path / "out", progress=run_another)


def test_the_page_runs_nothing_and_asks_nobody(make_repository: MakeRepository, make: Make, tmp_path: Path) -> None:
    root = make_repository("<script>alert(1)<", {"<img src=x onerror=alert(2)>.py": WATER})
    make(root, out=tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(2)&gt;.py" in page
    assert not re.search(r"(?:src|href)=[\"']|url\(|@import|http", page)
