"""A real Neovim for the tests of the editors, and one headless session in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def need_neovim() -> str:
    """$SEEKLINE_NVIM, what tests/editors/get_neovim.sh has unpacked, or the system's; the test skips without one."""
    unpacked = ROOT / ".editors" / "neovim" / "bin" / "nvim"
    path = os.environ.get("SEEKLINE_NVIM") or (str(unpacked) if unpacked.exists() else shutil.which("nvim"))
    if path is None:
        pytest.skip("there is no Neovim (tests/editors/get_neovim.sh .editors/neovim unpacks one)")
    first_line = subprocess.check_output([path, "--version"], text=True).splitlines()[0]
    found = re.search(r"v(\d+)\.(\d+)", first_line)
    if found is None or (int(found[1]), int(found[2])) < (0, 12):
        pytest.skip(f"{first_line} is older than 0.12, the first with inline completion")
    return path


def run_session(neovim: str, init: Path, script: Path, file: Path, **env: str) -> Any:
    """What `script` prints last, as JSON, in a Neovim that has opened `file` and keeps its state beside it."""
    state = {"XDG_STATE_HOME": str(file.parent), "XDG_DATA_HOME": str(file.parent)}
    run = subprocess.run(
        [neovim, "--headless", "-u", init, "-c", f"luafile {script}", file],
        capture_output=True,
        text=True,
        timeout=180,
        env={**os.environ, **state, **env},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(run.stdout.strip().splitlines()[-1])
