"""A model whose files lie is one line and exit code 2 of a command, and one message of a server that lives on."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from bad_models import BAD_MODELS, WholeModels
from commands import Seekline
from editor import editor
from lsprotocol import types as lsp
from seekline.server.settings import consent

CODE = "class Garden:\n    def __init__(self, beds):\n        self.beds = ▮\n"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> WholeModels:
    return WholeModels(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("name", BAD_MODELS)
def test_the_command_line_says_it_in_one_line(
    seekline: Seekline, file: str, whole: WholeModels, tmp_path: Path, name: str
) -> None:
    path = BAD_MODELS[name].make(whole, tmp_path / "model")
    run = seekline("complete", f"{file}:2:12", "--model", str(path), "--device", "cpu")
    assert run.code == 2
    assert run.out == ""
    (line,) = [line for line in run.err.splitlines() if line.startswith("seekline:")]
    assert re.search(BAD_MODELS[name].says, line)
    assert "Traceback" not in run.err


@pytest.mark.parametrize("name", ["scales that are no numbers", "a tokenizer in zip", "groups of another size"])
async def test_the_server_says_it_once_and_completes_with_another(
    whole: WholeModels, tmp_path: Path, name: str
) -> None:
    folder = BAD_MODELS[name].make(whole, tmp_path / "model").resolve()
    consent.agree(folder)
    async with editor(settings={"model": str(folder), "device": "cpu"}, workspace=tmp_path) as made:
        assert re.search(BAD_MODELS[name].says, (await made.until("failed"))["reason"])
        spot = made.open(CODE)
        assert await made.ghost_text(spot) is None
        assert len([message for message in made.shown if re.search(BAD_MODELS[name].says, message)]) == 1
        settings: dict[str, Any] = {"seekline": {"model": "embedded", "device": "cpu"}}
        made.client.set_configuration(settings)
        made.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings={}))
        await made.until("ready")
        while await made.ghost_text(spot) is None:
            await asyncio.sleep(0.05)
