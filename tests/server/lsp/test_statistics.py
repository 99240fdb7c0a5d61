"""The statistics over the wire: what an editor shows, accepts and keeps is counted, and nothing of its text."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from editor import AUTOMATIC, INVOKED, Editor, Spot, editor
from lsprotocol import types as lsp
from raw_client import INITIALIZE, RawServer
from seekline.server.statistics.database import read
from seekline.server.statistics.place import statistics_file
from seekline.server.statistics.rows import CompletionRow

TESTS = Path(__file__).parents[2]
CODE = """
import sys
from fake_engine import FakeEngine
from seekline.server.lsp.transport import serve_stdio
from seekline.server.statistics import observer, writer
observer.KEPT_AFTER_S = (1.0, 3.0)
writer._GATHER_S = 0.05
serve_stdio({} if len(sys.argv) == 1 else {"statistics": False}, engine=FakeEngine("quince + medlar\\n"))
"""
TEXT = "quince + medlar"


@asynccontextmanager
async def fast_editor(*options: str, **capable: Any) -> AsyncIterator[Editor]:
    """An editor on a server that looks at what is kept after one second and three."""
    env = {"PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}
    async with editor(command=[sys.executable, "-c", CODE, *options], env=env, **capable) as made:
        yield made


async def shown(made: Editor, spot: Spot, kind: int = AUTOMATIC) -> lsp.InlineCompletionItem:
    answer = await made.ask(spot, kind)
    (item,) = answer.items
    return item


async def run_command(made: Editor, item: lsp.InlineCompletionItem | lsp.CompletionItem) -> None:
    assert item.command is not None
    await made.command(item.command.command, *(item.command.arguments or []))


def counted() -> list[CompletionRow]:
    return read(statistics_file())[1]


async def until(is_there: Callable[[CompletionRow], bool]) -> CompletionRow:
    """The one completion, once it is written down as it is waited for."""
    while not [row for row in counted() if is_there(row)]:
        await asyncio.sleep(0.05)
    (row,) = counted()
    return row


async def test_shown_accepted_and_kept() -> None:
    async with fast_editor() as made:
        spot = made.open("total = ▮\nrest = 1\n")
        item = await shown(made, spot)
        assert item.insert_text == TEXT
        spot = made.type(spot, TEXT)
        await run_command(made, item)
        made.change(spot.uri, "", lsp.Position(0, 8), lsp.Position(0, 15))
        await until(lambda row: row.kept_30_s is not None)
        made.change(spot.uri, "", lsp.Position(0, 8), lsp.Position(0, 9))
        row = await until(lambda row: row.kept_5_min is not None)
    assert (row.language, row.kind, row.outcome) == ("python", "ghost text", "accepted")
    assert (row.accepted_characters, row.kept_30_s, row.kept_5_min) == (15, 8, 7)
    (request,) = read(statistics_file())[0]
    assert (request.answer, request.path) == ("shown", "cold")
    assert request.latency_ms > 0


async def test_typed_along_then_rejected_cancelled_and_nothing() -> None:
    async with fast_editor() as made:
        spot = made.open("total = ▮\n")
        await shown(made, spot)
        spot = made.type(spot, "q")
        assert (await shown(made, spot)).insert_text == TEXT[1:]
        made.type(spot, "x")
        spot = made.open("print(va▮lue)\n", "word.py")
        assert not (await made.ask(spot, AUTOMATIC)).items
        answers = [made.ask(spot, INVOKED) for _ in range(3)]
        await asyncio.gather(*answers)
    rows = counted()
    assert [row.outcome for row in rows] == ["rejected"] * len(rows)
    answers = [(row.answer, row.path) for row in read(statistics_file())[0]]
    assert ("shown", "instant") in answers
    assert ("nothing", None) in answers
    assert answers.count(("cancelled", None)) == 2


async def test_a_menus_entry() -> None:
    async with fast_editor(inline=False) as made:
        spot = made.open("total = ▮\n")
        answer = await made.client.text_document_completion_async(
            lsp.CompletionParams(text_document=lsp.TextDocumentIdentifier(spot.uri), position=spot.position)
        )
        assert isinstance(answer, lsp.CompletionList)
        (item,) = answer.items
        edit = item.text_edit
        assert isinstance(edit, lsp.TextEdit)
        made.change(spot.uri, edit.new_text, edit.range.start, edit.range.end)
        await run_command(made, item)
    (row,) = counted()
    assert (row.kind, row.outcome, row.accepted_characters) == ("menu", "accepted", len(TEXT))


async def test_copilots_clients() -> None:
    async with fast_editor(started_with={"editorInfo": {"name": "an editor", "version": "1"}}) as made:
        notify = made.client.protocol.notify
        spot = made.open("total = ▮\n")
        item = await shown(made, spot)
        assert item.command is not None
        told = {"command": {"title": "", "command": item.command.command, "arguments": item.command.arguments}}
        notify("textDocument/didShowCompletion", {"item": told})
        notify("textDocument/didPartiallyAcceptCompletion", {"item": told, "acceptedLength": 4})
        made.type(spot, TEXT[:4])
        await shown(made, made.open("other = ▮\n", "unseen.py"))
        notify("textDocument/didFocus", {"textDocument": {"uri": spot.uri}})
        await made.status()
        assert made.shown == [], "how a client introduces itself is no wrong setting"
    (row,) = counted()
    assert (row.outcome, row.accepted_characters) == ("partly", 4)


BAD: list[Any] = [
    None,
    [],
    3,
    {},
    {"item": None},
    {"item": {"command": {"arguments": []}}},
    {"item": {"command": {"arguments": [{"id": 3}]}}, "acceptedLength": 3},
    {"item": {"command": {"arguments": [{"id": "x"}]}}, "acceptedLength": "3"},
    {"item": {"command": {"arguments": [{"id": "x"}]}}, "acceptedLength": -1},
    {"textDocument": {"uri": 3}},
]


def test_params_that_cannot_be_used_are_logged_and_ignored(tmp_path: Path) -> None:
    server = RawServer(folder=tmp_path)
    server.ask(1, "initialize", INITIALIZE)
    server.send(method="initialized", params={})
    for params in BAD:
        server.send(method="textDocument/didPartiallyAcceptCompletion", params=params)
    server.send(method="textDocument/didShowCompletion", params=BAD[4])
    server.send(method="textDocument/didFocus", params=BAD[-1])
    for number, arguments in enumerate([[], [None], [{}], [{"id": 3}]]):
        params = {"command": "seekline.accepted", "arguments": arguments}
        assert server.ask(f"command-{number}", "workspace/executeCommand", params)["error"]["code"] == -32602
    server.leave()
    assert server.log.count("cannot be used, and was ignored") == len(BAD) + 2
    assert not statistics_file().exists()


@pytest.mark.parametrize("introduces", [True, False])
def test_the_status_goes_to_copilots_clients_alone(tmp_path: Path, introduces: bool) -> None:
    server = RawServer("--model", "embedded", folder=tmp_path)
    options = {"editorInfo": {"name": "an editor", "version": "1"}} if introduces else {}
    server.ask(1, "initialize", {**INITIALIZE, "initializationOptions": options})
    server.send(method="initialized", params={})
    while server.state() != "ready":
        pass
    server.ask("last", "workspace/executeCommand", {"command": "seekline.status"})
    told = [message["params"] for message in server.unasked if message.get("method") == "didChangeStatus"]
    server.leave()
    assert bool(told) == introduces
    if told:
        assert [set(status) for status in told] == [{"kind", "busy", "message"}] * len(told)
        assert [status["kind"] for status in told] == ["Normal"] * len(told)
        assert [status["busy"] for status in told] == [True] * (len(told) - 1) + [False]


async def test_nothing_of_text_or_paths_is_written(tmp_path: Path) -> None:
    (tmp_path / "zucchini").mkdir()
    async with fast_editor(workspace=tmp_path / "zucchini") as made:
        for language in ("python", "aubergine"):
            spot = made.open("cabbage = ▮\n", f"radish.{language}", language)
            await shown(made, spot, INVOKED)
            made.type(spot, TEXT)
    assert {row.language for row in counted()} == {"python", "other"}
    (folder,) = {file.parent for file in statistics_file().parent.iterdir()}
    for file in folder.iterdir():
        content = file.read_bytes()
        for word in (b"zucchini", b"radish", b"cabbage", b"quince", b"medlar", b"aubergine", b"file:"):
            assert word not in content, file


async def test_switched_off_no_file_is_made() -> None:
    async with fast_editor("off") as made:
        spot = made.open("total = ▮\n")
        item = await shown(made, spot)
        made.type(spot, TEXT)
        await run_command(made, item)
    assert not statistics_file().exists()


async def test_a_damaged_file_costs_the_statistics_and_nothing_else() -> None:
    statistics_file().parent.mkdir(parents=True)
    statistics_file().write_bytes(b"no database\n" * 1000)
    async with fast_editor() as made:
        for name in ("one.py", "two.py"):
            spot = made.open("total = ▮\n", name)
            assert (await shown(made, spot)).insert_text == TEXT
            await asyncio.sleep(0.3)
        assert made.shown == []
    assert statistics_file().read_bytes() == b"no database\n" * 1000
