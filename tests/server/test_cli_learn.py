"""`seekline learn data`, as a user runs it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import Seekline
from learning_data import FILES, WATER, samples_in, write_files

FORMS = {"samples": "samples.jsonl", "instructions": "instructions.jsonl"}


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    """A folder that git knows nothing of."""
    write_files(tmp_path / "garden", FILES)
    return tmp_path / "garden"


def learn(seekline: Seekline, *arguments: object):
    return seekline("learn", "data", *map(str, arguments), "--model", "embedded")


def test_samples_and_a_report(seekline: Seekline, garden: Path, tmp_path: Path) -> None:
    run = learn(seekline, garden, "--out", "made")
    assert run.code == 0, run.err
    assert "rules" in run.out
    assert "1 empty" in run.out
    assert str(Path("made") / "report.html") in run.out
    assert "the disk's word" in run.err
    assert len(samples_in(tmp_path / "made")) >= 5
    assert "<h1>" in (tmp_path / "made" / "report.html").read_text("utf-8")


def test_instructions_and_json(seekline: Seekline, garden: Path, tmp_path: Path) -> None:
    run = learn(seekline, garden, "--out", "made", "--form", "instructions", "--json")
    rows = [json.loads(line) for line in (tmp_path / "made" / "instructions.jsonl").read_text("utf-8").splitlines()]
    assert run.json["samples"] == len(rows) > 0
    assert run.json["stages"][0]["stage"] == "rules"
    assert all(set(row) == {"instruction", "input", "output"} for row in rows)


def test_the_repository_of_the_current_folder(
    seekline: Seekline, garden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    subprocess.run(["git", "init", "--quiet"], cwd=garden, check=True)
    monkeypatch.chdir(garden / "web")
    run = learn(seekline, "--out", garden.parent / "made")
    assert run.code == 0, run.err
    assert {sample.repository for sample in samples_in(garden.parent / "made")} == {"garden"}
    assert {sample.path for sample in samples_in(garden.parent / "made")} >= {"garden/store.py", "web/client.ts"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nowhere",), "There is no folder nowhere."),
        (("garden/README.md",), "is no folder."),
        (("empty",), "has no files that may be learned from."),
        (("binary",), "2 binary"),
        (("garden", "garden"), "A folder is named twice."),
        (("garden", "--against", "nowhere.jsonl"), "nowhere.jsonl cannot be read"),
        (("garden", "--against", "garden/README.md"), "is no JSON"),
        (("garden", "--out", "garden/README.md"), "cannot be written"),
    ],
    ids=["missing", "file", "empty", "binary", "twice", "no set", "another file", "out is a file"],
)
def test_what_is_wrong_is_told(seekline: Seekline, garden: Path, tmp_path: Path, arguments: tuple, told: str) -> None:
    (tmp_path / "empty").mkdir()
    write_files(tmp_path / "binary", {"a.py": b"\0", "b.go": b"\0\0"})
    out = () if "--out" in arguments else ("--out", "made")
    run = learn(seekline, *arguments, *out)
    assert run.code == 2
    assert told in " ".join(run.err.split())
    assert "Traceback" not in run.err


def test_outside_of_a_repository_a_folder_must_be_named(
    seekline: Seekline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "exists", lambda path: False)
    run = learn(seekline)
    assert run.code == 2
    assert "is in no git repository" in run.err


def test_other_options_for_the_same_folder(seekline: Seekline, garden: Path) -> None:
    assert learn(seekline, garden, "--out", "made").code == 0
    run = learn(seekline, garden, "--out", "made", "--seed", 3)
    assert run.code == 2
    assert "seed was 0, is 3" in " ".join(run.err.split())


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "seekline.server", "learn", "data", *map(str, arguments), "--model", "embedded"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows kills otherwise, and has no limit on a file's size")
def test_a_full_disk_and_a_kill_lose_nothing(seekline: Seekline, tmp_path: Path) -> None:
    files = {f"{number}.py": WATER * 3 + f"NUMBER = {number}\n" for number in range(10)}
    write_files(tmp_path / "many", files)
    limited = (
        "import resource, os, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (8_000,) * 2); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    made = tmp_path / "made"
    full = subprocess.run(
        [sys.executable, "-c", limited, *command(tmp_path / "many", "--out", made)], capture_output=True, text=True
    )
    assert full.returncode == 2
    assert "Make room there and run the same command again" in " ".join(full.stderr.split())
    assert not (made / "samples.jsonl").exists()
    sampled = made / "state" / "sampled.jsonl"
    before = sampled.stat().st_size

    going_on = subprocess.Popen(command(tmp_path / "many", "--out", made), stdout=subprocess.DEVNULL)
    while going_on.poll() is None and sampled.exists() and sampled.stat().st_size <= before:
        time.sleep(0.01)
    going_on.kill()
    going_on.wait()

    for out in (made, tmp_path / "fresh"):
        assert learn(seekline, tmp_path / "many", "--out", out).code == 0
    for name in ("samples.jsonl", "report.json", "report.html"):
        assert (made / name).read_bytes() == (tmp_path / "fresh" / name).read_bytes()


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from seekline.server.cli.main import create_app; create_app('learn'); "
        "print([m for m in ('torch', 'transformers', 'peft', 'datasketch', 'jinja2', 'numpy') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
