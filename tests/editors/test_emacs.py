"""Real Emacs with Eglot and editors/emacs/seekline.el: ghost text as an overlay, and its acceptance."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_models import add_own_code, save_llama

FOLDER = Path(__file__).parents[2] / "editors" / "emacs"
CODE = "def add(first, second):\n    return first + second\n\n\ndef multiply(first, second):\n    return "


@pytest.fixture
def emacs() -> str:
    path = shutil.which("emacs")
    if path is None:
        pytest.skip("there is no Emacs")
    first_line = subprocess.check_output([path, "--version"], text=True).splitlines()[0]
    found = re.search(r"(\d+)\.\d+", first_line)
    if found is None or int(found[1]) < 30:
        pytest.skip(f"{first_line} is older than 30")
    return path


def batch(emacs: str, *arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [emacs, "--batch", "--quick", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, env={**os.environ, **env})


@pytest.mark.parametrize("scenario", ["asked_before_the_server_came", "asked_after_the_server_came"])
def test_ghost_text_is_shown_and_accepted(emacs: str, tmp_path: Path, scenario: str) -> None:
    file = tmp_path / "main.py"
    file.write_text(CODE, "utf-8")
    run = batch(
        emacs,
        "--load",
        Path(__file__).with_name("session.el"),
        SEEKLINE_EMACS=str(FOLDER),
        SEEKLINE_COMMAND=f"{sys.executable} -m seekline.server",
        SEEKLINE_FILE=str(file),
        SEEKLINE_SCENARIO=scenario,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    seen = json.loads(run.stdout)
    assert seen["encoding"] == "utf-32"
    assert seen["ghost_text"].strip()
    assert seen["shown"] == seen["ghost_text"]
    assert (seen["before"], seen["after"]) == (CODE, CODE + seen["ghost_text"])
    assert seen["at_end"]
    assert not seen["left"]


def test_null_leaves_ghost_text_and_an_empty_list_clears_it(emacs: str) -> None:
    """Null is the answer to a request that a newer one has superseded: what is shown by then is not its business."""
    program = """(with-temp-buffer
      (seekline--show "ghost")
      (dolist (answer '(nil (:items [])))
        (seekline--answered answer (point) (buffer-chars-modified-tick))
        (princ (format "%s\n" (seekline-ghost-text)))))"""
    run = batch(emacs, "--load", FOLDER / "seekline.el", "--eval", program)
    assert run.stdout.splitlines() == ["ghost", "nil"], run.stderr


def test_a_repository_that_brings_settings_gets_none_of_its_code_run(emacs: str, tmp_path: Path) -> None:
    """Emacs takes Eglot's configuration from a `.dir-locals.el` without a question."""
    folder = save_llama(tmp_path / "evil").resolve()
    trace = add_own_code(folder)
    (tmp_path / ".git").mkdir()
    (tmp_path / "main.py").write_text(CODE, "utf-8")
    settings = f'(:seekline (:model "./evil" :trustRemoteCode ["./evil" "{folder}"]))'
    (tmp_path / ".dir-locals.el").write_text(f"((nil . ((eglot-workspace-configuration . {settings}))))", "utf-8")
    run = batch(
        emacs,
        "--load",
        Path(__file__).with_name("dir_locals.el"),
        SEEKLINE_EMACS=str(FOLDER),
        SEEKLINE_COMMAND=f"{sys.executable} -m seekline.server",
        SEEKLINE_FILE=str(tmp_path / "main.py"),
    )
    assert run.returncode == 0, run.stdout + run.stderr
    seen = json.loads(run.stdout)
    assert seen["applied"], "Emacs has taken the repository's settings"
    assert seen["state"] == "failed"
    assert f"seekline models trust {folder}" in seen["reason"]
    assert any(f"seekline models trust {folder}" in message for message in seen["shown"])
    assert any("trustRemoteCode is ignored here" in message for message in seen["shown"])
    assert not trace.exists()


def test_it_compiles_without_a_warning(emacs: str, tmp_path: Path) -> None:
    source = shutil.copy(FOLDER / "seekline.el", tmp_path)
    run = batch(emacs, "--eval", "(setq byte-compile-error-on-warn t)", "--funcall", "batch-byte-compile", source)
    assert run.returncode == 0, run.stderr
