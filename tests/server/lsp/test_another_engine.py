"""The seam, proved by an engine that is not ours: the whole server runs on it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from editor import AUTOMATIC, Editor, as_dict, editor
from lsprotocol import types as lsp
from project_files import write
from pygls.exceptions import JsonRpcRequestCancelled

TESTS = Path(__file__).parents[2]
SERVE = "from fake_engine import FakeEngine; from seekline.server.lsp.transport import serve_stdio; "


@pytest_asyncio.fixture(params=["1 + 2\nmore\n"])
async def made(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Editor]:
    code = SERVE + f"serve_stdio({{}}, engine=FakeEngine({request.param!r}, seconds_each=0.02))"
    root = write(tmp_path, {"main.py": "", "shapes.py": "def area(width):\n    return width\n"})
    env = {"PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}
    async with editor(command=[sys.executable, "-c", code], env=env, workspace=root) as running:
        yield running


async def test_it_completes_until_the_stop_rule(made: Editor) -> None:
    spot = made.open("total = ▮\n")
    assert await made.ghost_text(spot, AUTOMATIC) == "1 + 2"
    assert (await made.status())["state"] == "ready"
    assert made.shown == []


@pytest.mark.parametrize("made", ["'é🙂').title()\n"], indirect=True)
async def test_what_the_editor_closed_gives_way_by_a_range(made: Editor) -> None:
    spot = made.open("name = str(▮)\n")
    (item,) = (await made.ask(spot, AUTOMATIC)).items
    assert item.insert_text == "'é🙂').title()"
    start = lsp.Position(0, len("name = str("))
    assert item.range == lsp.Range(start, lsp.Position(0, start.character + 1))


async def test_its_prompt_is_text_with_the_context_of_other_files(made: Editor, tmp_path: Path) -> None:
    text = "from shapes import area\n\nprint(area())\n"
    document = lsp.TextDocumentItem((tmp_path / "main.py").as_uri(), "python", 1, text)
    made.client.text_document_did_open(lsp.DidOpenTextDocumentParams(document))
    place = {"textDocument": {"uri": document.uri}, "position": {"line": 2, "character": 11}}
    shown = as_dict(await made.command("seekline.prompt", place))
    assert "def area(width):" in shown["prefix"]
    assert shown["prefix"].endswith("print(area(")
    assert shown["suffix"] == "))\n"
    assert shown["tokens"] > 0


async def test_a_cancel_stops_it(made: Editor) -> None:
    spot = made.open("total = ▮\n")
    asked = made.ask(spot, id="slow")
    while (await made.status())["idle"]:
        await asyncio.sleep(0.005)
    made.client.cancel_request(lsp.CancelParams("slow"))
    with pytest.raises(JsonRpcRequestCancelled):
        await asked
    while not (await made.status())["idle"]:
        await asyncio.sleep(0.005)
