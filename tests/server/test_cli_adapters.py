"""Adapters on the command line: one completion with an adapter, what doctor says of it, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Seekline
from lora_adapters import save_adapter
from seekline import model

PLACE = "main.py:2:12"


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return save_adapter(tmp_path / "adapter", model.embedded_folder(), rank=4).resolve()


def test_a_completion_with_an_adapter(seekline: Seekline, file: str, tmp_path: Path, adapter: Path) -> None:
    """One that adds nothing changes nothing; a random one does. What ran is said beside the completion."""
    silent = save_adapter(tmp_path / "silent", model.embedded_folder(), rank=4, lora_alpha=0)
    plain = seekline("complete", PLACE, "--model", "embedded", "--json").json
    same = seekline("complete", PLACE, "--model", "embedded", "--adapter", "./silent", "--json").json
    other = seekline("complete", PLACE, "--model", "embedded", "--adapter", "./adapter", "--json").json
    assert plain["completion"]
    assert (same["completion"], same["log_probability"]) == (plain["completion"], plain["log_probability"])
    assert other["log_probability"] != plain["log_probability"]
    shown = seekline("complete", PLACE, "--model", "embedded", "--adapter", str(silent))
    assert f"embedded with the adapter {silent.resolve()}" in " ".join(shown.err.split())


def test_doctor_shows_the_adapter(seekline: Seekline, tmp_path: Path, adapter: Path) -> None:
    (tmp_path / "seekline.toml").write_text('model = "embedded"\nadapter = "./adapter"', "utf-8")
    run = seekline("doctor")
    assert run.code == 1
    assert f"{adapter} is named as an adapter by a workspace" in " ".join(run.out.split())
    assert seekline("models", "trust", "./adapter").code == 0
    run = seekline("doctor")
    assert run.code == 0
    assert f"Model: embedded with the adapter {adapter}" in " ".join(run.out.split())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("./nowhere", "There is no folder"),
        ("owner/name", "is no path to an adapter"),
        ("./", "has no adapter_config.json"),
        ("./adapter", "nothing that embedded has"),
    ],
)
def test_what_is_no_adapter(seekline: Seekline, file: str, tmp_path: Path, name: str, message: str) -> None:
    save_adapter(tmp_path / "adapter", model.embedded_folder(), target_modules=["c_attn"])
    run = seekline("complete", PLACE, "--model", "embedded", "--adapter", name)
    assert run.code == 2
    assert message in " ".join(run.err.split())
    assert "Traceback" not in run.err
