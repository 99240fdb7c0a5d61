"""The command line for all tests of this folder."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Run, Seekline
from seekline.server.cli import main


@pytest.fixture
def seekline(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Seekline]:
    """Runs a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    log = logging.getLogger("seekline")
    handlers = list(log.handlers)

    def run(*arguments: str) -> Run:
        monkeypatch.setattr(sys, "argv", ["seekline", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Run(int(ended.value.code or 0), printed.out, printed.err)

    yield run
    log.handlers[:] = handlers  # each command logs to the standard error of its own time


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A file in that folder, by its name."""
    code = "def add(first, second):\n    return first + second\n\n\nprint(add(1, 2))\n"
    (tmp_path / "main.py").write_text(code, "utf-8")
    return "main.py"
