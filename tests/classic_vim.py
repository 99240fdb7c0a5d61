"""A real Vim for the tests of the editors, and one session in it, on a terminal of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def need_vim() -> str:
    """$SEEKLINE_VIM, what tests/editors/get_neovim.sh has unpacked, or the system's; the test skips without one."""
    pytest.importorskip("pty", reason="there are no terminals to run Vim in")
    unpacked = ROOT / ".editors" / "vim" / "bin" / "vim"
    path = os.environ.get("SEEKLINE_VIM") or (str(unpacked) if unpacked.exists() else shutil.which("vim"))
    if path is None:
        pytest.skip("there is no Vim (tests/editors/get_neovim.sh .editors/vim vim unpacks one)")
    first_line = subprocess.check_output([path, "--version"], text=True).splitlines()[0]
    found = re.search(r"(\d+)\.(\d+)", first_line)
    if found is None or (int(found[1]), int(found[2])) < (9, 1):
        pytest.skip(f"{first_line} is older than 9.1, the first that llama.vim supports")
    return path


def run_session(vim: str, init: Path, file: Path, **env: str) -> Any:
    """What `init` has written into $SEEKLINE_SEEN, as JSON, when Vim has ended; it has opened `file`."""
    seen = file.with_name("seen.json")
    terminal, inner = os.openpty()
    process = subprocess.Popen(
        [vim, "-X", "-N", "-n", "-i", "NONE", "-u", init, file],
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm", "SEEKLINE_SEEN": str(seen), **env},
    )
    os.close(inner)
    drawn: list[bytes] = []
    reader = threading.Thread(target=_read_all, args=[terminal, drawn])
    reader.start()
    try:
        process.wait(180)
    finally:
        process.kill()
        process.wait()
        reader.join()
        os.close(terminal)
    assert seen.exists(), b"".join(drawn).decode(errors="replace")
    return json.loads(seen.read_text("utf-8"))


def _read_all(terminal: int, into: list[bytes]) -> None:
    """What the program draws until it ends: a terminal that nobody reads would stop it."""
    while True:
        try:
            piece = os.read(terminal, 1 << 16)
        except OSError:  # how Linux says that the other end is closed
            return
        if not piece:
            return
        into.append(piece)
