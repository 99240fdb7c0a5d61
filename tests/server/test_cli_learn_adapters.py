"""What was learned, on the command line: listed, forgotten, used by `seekline complete`, named by `seekline doctor`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import Seekline
from lora_adapters import save_adapter
from seekline import model
from seekline.model.catalogue import learned

BASE = model.embedded_folder()
PLACE = "main.py:2:12"


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """No path is shown in two lines."""
    monkeypatch.setenv("COLUMNS", "400")


def learn(tmp_path: Path, repository: Path, gains: object = None, **config: Any) -> Path:
    draft = save_adapter(tmp_path / "draft", BASE, rank=4, **config)
    if gains is not None:
        (draft / learned.GAINS).write_text(json.dumps(gains), "utf-8")
    return learned.publish(learned.learned_folder(repository, BASE), draft, repository=repository, base=BASE)


def in_one_line(text: str) -> str:
    return " ".join(text.split())


def test_nothing_was_learned(seekline: Seekline) -> None:
    assert "Nothing was learned yet" in seekline("learn", "adapters").out
    assert seekline("learn", "adapters", "--json").json == []
    run = seekline("learn", "forget")
    assert (run.code, run.err) == (0, "")
    assert "Nothing was learned from" in run.out


def test_what_was_learned_is_listed(seekline: Seekline, tmp_path: Path) -> None:
    learn(tmp_path, tmp_path / "plain")
    gains = {"held_out": {"relative": -0.083}, "elsewhere": {"relative": 0.0012}}
    adapter = learn(tmp_path, tmp_path / "[red]one", gains)
    shown = seekline("learn", "adapters").out
    lines = [line.split() for line in shown.splitlines()]
    (measured,) = [line for line in lines if line[0] == str((tmp_path / "[red]one").resolve())]
    (plain,) = [line for line in lines if line[0] == str((tmp_path / "plain").resolve())]
    assert (measured[1], measured[-2:], plain[-2:]) == ("embedded", ["-8.3%", "+0.1%"], ["-", "-"])
    (told,) = [one for one in seekline("learn", "adapters", "--json").json if one["folder"] == str(adapter)]
    assert (told["model"], told["held_out"], told["elsewhere"]) == ("embedded", -0.083, 0.0012)
    assert told["bytes"] == sum(file.stat().st_size for file in adapter.iterdir())


def test_what_is_forgotten_is_gone_and_the_rest_stays(seekline: Seekline, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for name in (".", "other"):
        learn(tmp_path, tmp_path / name)
    assert "is forgotten" in seekline("learn", "forget").out, "the current one"
    assert learned.learned_adapter(tmp_path, BASE) is None
    assert learned.learned_adapter(tmp_path / "other", BASE) is not None
    assert seekline("learn", "forget", "other").code == 0
    assert list(learned.adapters_home().iterdir()) == []


def test_what_is_forgotten_is_what_was_learned_here(
    seekline: Seekline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the whole repository, also in a folder of it with settings of its own."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "seekline.toml").touch()
    learn(tmp_path, tmp_path)
    monkeypatch.chdir(tmp_path / "part")
    assert "is forgotten" in seekline("learn", "forget").out
    assert learned.learned_adapter(tmp_path, BASE) is None


def test_complete_and_doctor_use_it(seekline: Seekline, file: str, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "seekline.toml").write_text('model = "embedded"\n', "utf-8")
    plain = seekline("complete", PLACE, "--json").json
    adapter = learn(tmp_path, tmp_path)
    run = seekline("complete", PLACE)
    assert f"embedded with the adapter {adapter}" in in_one_line(run.err)
    assert seekline("complete", PLACE, "--json").json["log_probability"] != plain["log_probability"]
    none = seekline("complete", PLACE, "--adapter", "none", "--json").json
    assert none["log_probability"] == plain["log_probability"]
    run = seekline("doctor")
    assert run.code == 0
    assert f"Model: embedded with the adapter {adapter}" in in_one_line(run.out)


def test_one_that_is_broken_is_told_by_both(seekline: Seekline, file: str, tmp_path: Path) -> None:
    (tmp_path / "seekline.toml").write_text('model = "embedded"\n', "utf-8")
    learn(tmp_path, tmp_path, use_dora=True)
    run = seekline("complete", PLACE)
    assert run.code == 0
    assert "The model runs without it" in in_one_line(run.err)
    run = seekline("doctor")
    assert run.code == 1
    assert "seekline learn forget" in in_one_line(run.out)
