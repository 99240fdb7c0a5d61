"""Real Neovim with the configuration of editors/neovim: from a keystroke to ghost text on the screen."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SESSION = Path(__file__).with_name("session.lua")
CODE = "def add(first, second):\n    return first + second\n\n\ndef multiply(first, second):\n    return "


def find_neovim() -> str | None:
    """$SEEKLINE_NVIM, what tests/editors/get_neovim.sh has unpacked, or the system's."""
    unpacked = ROOT / ".editors" / "neovim" / "bin" / "nvim"
    return os.environ.get("SEEKLINE_NVIM") or (str(unpacked) if unpacked.exists() else shutil.which("nvim"))


@pytest.fixture
def neovim() -> str:
    path = find_neovim()
    if path is None:
        pytest.skip("there is no Neovim (tests/editors/get_neovim.sh .editors/neovim unpacks one)")
    first_line = subprocess.check_output([path, "--version"], text=True).splitlines()[0]
    found = re.search(r"v(\d+)\.(\d+)", first_line)
    if found is None or (int(found[1]), int(found[2])) < (0, 12):
        pytest.skip(f"{first_line} is older than 0.12, the first with inline completion")
    return path


@pytest.mark.parametrize("scenario", ["typed_before_the_server_came", "typed_after_the_server_came"])
def test_ghost_text_is_shown_and_accepted(neovim: str, tmp_path: Path, scenario: str) -> None:
    file = tmp_path / "main.py"
    file.write_text(CODE, "utf-8")
    command = [sys.executable, "-m", "seekline.server", "serve"]
    (tmp_path / "init.lua").write_text(
        f"vim.opt.runtimepath:prepend({json.dumps(str(ROOT / 'editors' / 'neovim'))})\n"
        f"local command = vim.json.decode({json.dumps(json.dumps(command))})\n"
        "require('seekline').setup({ cmd = command, settings = { model = 'embedded' } })\n",
        "utf-8",
    )
    run = subprocess.run(
        [neovim, "--headless", "-u", tmp_path / "init.lua", "-c", f"luafile {SESSION}", file],
        capture_output=True,
        text=True,
        timeout=180,
        env={
            **os.environ,
            "SEEKLINE_SCENARIO": scenario,
            "XDG_STATE_HOME": str(tmp_path),
            "XDG_DATA_HOME": str(tmp_path),
        },
    )
    assert run.returncode == 0, run.stdout + run.stderr
    seen = json.loads(run.stdout.strip().splitlines()[-1])
    assert seen["encoding"] == "utf-8"
    assert seen["ghost_text"].strip()
    assert seen["before"] == "    return "
    assert "\n".join(seen["lines"]) == CODE + seen["ghost_text"]
    assert seen["cursor"][0] == len(seen["lines"])
