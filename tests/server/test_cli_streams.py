"""The command line where the machine is not as one expects: no locale, no current folder, no room for its output."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")
COMMANDS = [
    ["models", "list"],
    ["doctor"],
    ["config"],
    ["config", "schema"],
    ["complete", "ü.py:1:9", "--model", "embedded"],
    ["complete", "ü.py:1:9", "--json", "--model", "embedded"],
    ["prompt", "ü.py:1:9", "--model", "embedded"],
    ["--version"],
    ["serve", "--help"],
]


def run(command: list[str], folder: Path, stdout: object = subprocess.PIPE, **env: str) -> tuple[int, bytes, bytes]:
    (folder / "ü.py").write_text("größe = 1\nprint(größe)  # …\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "seekline.server", *command],
        cwd=folder,
        stdout=stdout,  # type: ignore[arg-type]
        stderr=subprocess.PIPE,
        env={**os.environ, **env},
        timeout=250,
    )
    assert b"Traceback" not in done.stderr, done.stderr
    assert b"Exception ignored" not in done.stderr, done.stderr
    return done.returncode, done.stdout or b"", done.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "POSIX"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
    ids=["POSIX", "ASCII", "Latin-1"],
)
def test_no_locale(command: list[str], locale: dict[str, str], tmp_path: Path) -> None:
    code, out, _ = run(command, tmp_path, **locale)
    assert code == 0
    assert out


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_room_for_the_output(command: list[str], tmp_path: Path) -> None:
    with FULL.open("wb") as full:
        code, _, err = run(command, tmp_path, full)
    assert code == 2
    assert b"The output cannot be written: No space left on device." in err


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be deleted on Windows")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_current_folder(command: list[str], tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'cd "$1" && rmdir "$1" && shift && exec "$@"'
    done = subprocess.run(
        ["sh", "-c", script, "sh", str(gone), sys.executable, "-m", "seekline.server", *command],
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 2)
    if done.returncode:
        assert "folder" in done.stderr or "no file" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break differently on Windows")
def test_a_reader_that_has_enough(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        code, _, err = run(["config", "schema"], tmp_path, writer)
    finally:
        os.close(writer)
    assert code == 1
    assert err == b""
