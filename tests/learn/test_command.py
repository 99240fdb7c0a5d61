"""The command: wrong options are named, and one call makes a model that a second call leaves as it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from seekline.learn.__main__ import main


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("", "--out"),
        ("--out {0} --hidden 100", "--hidden: 100 is no multiple of 64"),
        ("--out {0} --layers none", "--layers: 'none' is no whole number"),
        ("--out {0} --minutes -1", "--minutes: -1 is not between"),
        ("--out {0} --minutes soon", "--minutes: 'soon' is no number"),
        ("--out {0} --vocabulary 100", "--vocabulary: 100 is below 262"),
        ("--out {0} --row-tokens 64", "--row-tokens: 64 is below 128"),
        ("--out {0} --tokens-per-step 512", "--tokens-per-step: 512 is below --row-tokens"),
        ("--out {0} --device tpu", "--device: invalid choice: 'tpu'"),
        ("--out {0} --site {0}/nowhere", "nowhere is no folder"),
        ("--out {1}", "is there, and no folder"),
        ("evaluate --model {0}", "--heldout"),
        ("evaluate --model {0} --heldout {0}", "is no file"),
        ("evaluate --model {0} --heldout {1} --out {0}", "is a folder, which would be lost"),
        ("mixture --repositories {0}", "--out"),
        ("mixture --repositories {0} --out {0}", "is a folder, which would be lost"),
    ],
)
def test_wrong_options_are_named(
    options: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit:
        main(options.format(tmp_path, __file__).split())
    assert exit.value.code == 2
    assert complaint in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_step_that_fails_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "recipe.json").write_text('{"seed": 9}', "utf-8")
    assert main(["--out", str(tmp_path)]) == 1
    assert "seed was 9, is 0" in capsys.readouterr().err


def test_help_needs_no_torch() -> None:
    code = (
        "import sys, contextlib\n"
        "from seekline.learn.__main__ import main\n"
        "with contextlib.suppress(SystemExit): main(['--help'])\n"
        "print([m for m in ('torch', 'transformers') if m in sys.modules])"
    )
    lines = subprocess.check_output([sys.executable, "-c", code], text=True).splitlines()
    assert lines[0] == "usage: python -m seekline.learn --out DIR [options]"
    assert lines[-1] == "[]"


def test_one_command_makes_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From this Python's standard library alone: an empty site folder has nothing to add."""
    (tmp_path / "site").mkdir()
    out = tmp_path / "out"
    command = f"--out {out} --site {tmp_path / 'site'} --steps 6 --device cpu --log-steps 3 --positions 4"
    sizes = "--hidden 64 --layers 1 --intermediate 64 --vocabulary 512 --row-tokens 128 --tokens-per-step 256"
    assert main([*command.split(), *sizes.split()]) == 0
    assert {path.name for path in (out / "model").iterdir()} == {
        "config.json",
        "eval.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert json.loads((out / "model" / "eval.json").read_text("utf-8"))["positions"] == 4
    made = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert main([*command.split(), *sizes.split()]) == 0
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()} == made
    assert capsys.readouterr().out.count("is there") == 4
