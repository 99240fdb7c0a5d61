"""Real Neovim with the configuration of editors/neovim: from a keystroke to ghost text on the screen."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from headless_neovim import ROOT, need_neovim, run_session

SESSION = Path(__file__).with_name("session.lua")
CODE = "def add(first, second):\n    return first + second\n\n\ndef multiply(first, second):\n    return "


@pytest.mark.parametrize("scenario", ["typed_before_the_server_came", "typed_after_the_server_came"])
def test_ghost_text_is_shown_and_accepted(tmp_path: Path, scenario: str) -> None:
    neovim = need_neovim()
    file = tmp_path / "main.py"
    file.write_text(CODE, "utf-8")
    init = tmp_path / "init.lua"
    command = [sys.executable, "-m", "seekline.server", "serve"]
    init.write_text(
        f"vim.opt.runtimepath:prepend({json.dumps(str(ROOT / 'editors' / 'neovim'))})\n"
        f"local command = vim.json.decode({json.dumps(json.dumps(command))})\n"
        "require('seekline').setup({ cmd = command, settings = { model = 'embedded' } })\n",
        "utf-8",
    )
    seen = run_session(neovim, init, SESSION, file, SEEKLINE_SCENARIO=scenario)
    assert seen["encoding"] == "utf-8"
    assert seen["ghost_text"].strip()
    assert seen["before"] == "    return "
    assert "\n".join(seen["lines"]) == CODE + seen["ghost_text"]
    assert seen["cursor"][0] == len(seen["lines"])
