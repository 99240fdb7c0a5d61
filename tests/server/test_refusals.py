"""Excluded files: the command line says which rule it is, as the command of the editor does."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from commands import Seekline
from project_files import write
from seekline import model

EMBEDDED = str(model.embedded_folder())
FILES = {
    ".git/HEAD": "",
    "seekline.toml": 'exclude = ["private/"]\n',
    "main.py": "x = 1\n",
    ".env": "TOKEN=hunter2\n",
    "keys/id_rsa": "secret\n",
    "private/a.py": "x = 1\n",
}
REFUSED = [(".env", "its name is one that secrets have"), ("keys/id_rsa", "secrets"), ("private/a.py", "'private/'")]
if os.name != "nt":  # where links need a privilege
    REFUSED += [("public/a.py", "'private/'"), ("notes.txt", "secrets"), ("public/../.env", "secrets")]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path, FILES)
    if os.name != "nt":
        (tmp_path / "public").symlink_to(tmp_path / "private", target_is_directory=True)
        (tmp_path / "notes.txt").symlink_to(tmp_path / ".env")
    return tmp_path


@pytest.mark.parametrize(("name", "rule"), REFUSED)
def test_commands_refuse_an_excluded_file(seekline: Seekline, project: Path, name: str, rule: str) -> None:
    write(project, {"batch.jsonl": json.dumps({"id": 1, "file": name, "line": 1, "column": 1, "text": "x = 1\n"})})
    for command in (
        ["complete", f"{name}:1:1"],
        ["prompt", f"{name}:1:1"],
        ["prompt", f"{name}:1:1", "--json", "--tokenizer", EMBEDDED],
        ["prompt", "--batch", "batch.jsonl", "--tokenizer", EMBEDDED],
    ):
        run = seekline(*command)
        assert run.code == 2, command
        assert run.out == ""
        assert rule in run.err
        assert "Rename it" in run.err or "Change `exclude`" in run.err
        assert run.err.count("\n") == 1
        assert "hunter2" not in run.err
        assert ("batch.jsonl:1" in run.err) == ("--batch" in command)


def test_other_files_are_shown_as_before(seekline: Seekline, project: Path) -> None:
    assert seekline("prompt", "main.py:1:1", "--json", "--tokenizer", EMBEDDED).code == 0
