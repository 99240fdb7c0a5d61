"""End to end with an editor that shows ghost text, on the embedded model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from editor import AUTOMATIC, INVOKED, Editor, as_dict, editor
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

pytestmark = pytest.mark.asyncio(loop_scope="module")

CODE = "def add(first, second):\n    return ▮\n\nprint(add(1, 2))\n"
INVALID_PARAMS, METHOD_NOT_FOUND = -32602, -32601
INLINE = lsp.TEXT_DOCUMENT_INLINE_COMPLETION


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ready() -> AsyncIterator[Editor]:
    async with editor("--model", "embedded") as made:
        await made.until("ready")
        yield made


async def test_capabilities(ready: Editor) -> None:
    able = ready.server.capabilities
    assert able.inline_completion_provider is not None
    assert able.completion_provider is None, "ghost text and a menu entry would be the same twice"
    assert isinstance(able.text_document_sync, lsp.TextDocumentSyncOptions)
    assert able.text_document_sync.change == lsp.TextDocumentSyncKind.Incremental
    assert able.text_document_sync.open_close
    assert able.execute_command_provider is not None
    assert {"seekline.prompt", "seekline.status"} <= set(able.execute_command_provider.commands)
    assert ready.server.server_info is not None
    assert ready.server.server_info.name == "seekline"


async def test_loading_is_shown_and_says_which_model_and_why(ready: Editor) -> None:
    reports: Any
    (reports,) = ready.client.progress_reports.values()
    assert [report.kind for report in reports] == ["begin", "report", "report", "end"]
    assert "embedded on cpu" in str(reports[-1].message)
    assert any("embedded on cpu" in message.message for message in ready.client.log_messages)


@pytest.mark.parametrize("kind", [INVOKED, AUTOMATIC])
async def test_ghost_text(ready: Editor, kind: int) -> None:
    text = await ready.ghost_text(ready.open(CODE), kind)
    assert text
    assert "\n" not in text


async def test_completion_follows_the_editors_text_and_not_the_disks(ready: Editor) -> None:
    spot = ready.open("for element in elements:\n    print(▮\n", "typed.py")
    prompt = as_dict(await ready.command("seekline.prompt", spot.params))
    assert prompt["prefix"] == "for element in elements:\n    print("
    spot = ready.type(spot, "ele")
    prompt = as_dict(await ready.command("seekline.prompt", spot.params))
    assert prompt["prefix"] == "for element in elements:\n    print(", "the word is the model's to write again"
    assert prompt["suffix"] == "\n"
    spot = ready.type(spot, "ment[")
    prompt = as_dict(await ready.command("seekline.prompt", spot.params))
    assert prompt["prefix"] == "for element in elements:\n    print(element["


async def test_typing_along_a_completion_keeps_the_rest(ready: Editor) -> None:
    spot = ready.open(CODE.replace("second", "other"), "along.py")
    text = await ready.ghost_text(spot)
    assert text
    spot = ready.type(spot, text[0])
    assert await ready.ghost_text(spot) == (text[1:] or None)


async def test_sentinels_in_the_users_file_are_text(ready: Editor) -> None:
    code = "HOLE = '<｜fim▁hole｜>'\nEND = '<｜fim▁end｜>'\nprint(▮)\n# <｜end▁of▁sentence｜>\n"
    spot = ready.open(code, "sentinels.py")
    prompt = as_dict(await ready.command("seekline.prompt", spot.params))
    assert [piece["special"] for piece in prompt["pieces"] if "special" in piece] == [
        "<｜begin▁of▁sentence｜>",
        "<｜fim▁begin｜>",
        "<｜fim▁hole｜>",
        "<｜fim▁end｜>",
    ]
    assert "<｜fim▁hole｜>" in prompt["prefix"]
    await ready.ghost_text(spot)


async def test_a_change_storm_ends_with_the_right_text_and_every_answer(ready: Editor) -> None:
    spot = ready.open("x = ▮\n", "storm.py")
    answers = []
    for number in range(300):
        spot = ready.type(spot, "ab🙂"[number % 3])
        if number % 3 == 0:
            answers.append(ready.ask(spot, AUTOMATIC))
    done = await asyncio.wait_for(asyncio.gather(*answers), 60)
    assert len(done) == 100
    assert all(answer is None for answer in done[:-1]), "all but the newest were out of date"
    prompt = as_dict(await ready.command("seekline.prompt", spot.params))
    assert len(prompt["prefix"]) > 100
    assert ("x = " + "ab🙂" * 100).endswith(prompt["prefix"])


async def test_inside_a_word_only_when_asked(ready: Editor) -> None:
    spot = ready.open("print(va▮lue)\n", "word.py")
    answer = await ready.ask(spot, AUTOMATIC)
    assert list(answer.items) == [], "an empty list, which clears the ghost text of before; null would leave it"


async def test_a_closed_document_gets_no_completion(ready: Editor) -> None:
    spot = ready.open(CODE, "closed.py")
    ready.client.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(spot.uri)))
    assert await ready.ghost_text(spot) is None


POSITION = {"line": 0, "character": 0}


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        (INLINE, None, INVALID_PARAMS),
        (INLINE, {}, INVALID_PARAMS),
        (INLINE, [], INVALID_PARAMS),
        (INLINE, {"textDocument": {"uri": 3}, "position": POSITION}, INVALID_PARAMS),
        (INLINE, {"textDocument": {"uri": "x"}, "position": POSITION, "context": {"triggerKind": 9}}, INVALID_PARAMS),
        (INLINE, {"textDocument": {"uri": "x"}, "position": {"line": -1, "character": 0}}, INVALID_PARAMS),
        ("workspace/executeCommand", {"command": "nothing"}, INVALID_PARAMS),
        ("workspace/executeCommand", {"command": "seekline.prompt"}, INVALID_PARAMS),
        ("workspace/executeCommand", {"command": "seekline.prompt", "arguments": [3]}, INVALID_PARAMS),
        ("workspace/executeCommand", {"command": "seekline.prompt", "arguments": [1, 2]}, INVALID_PARAMS),
        ("seekline/nothing", {}, METHOD_NOT_FOUND),
        ("seekline/nothing", [1], METHOD_NOT_FOUND),
        ("initialize", {"capabilities": {}}, -32600),
    ],
)
async def test_bad_params_are_answered(ready: Editor, method: str, params: Any, code: int) -> None:
    with pytest.raises(JsonRpcException) as caught:
        await ready.raw(method, params)
    assert caught.value.code == code
    assert caught.value.data is None, "no tracebacks in answers"


@pytest.mark.parametrize(
    "params",
    [
        {"textDocument": {"uri": "file:///not/open.py"}, "position": POSITION, "context": {"triggerKind": 1}},
        {"textDocument": {"uri": ""}, "position": POSITION, "context": {"triggerKind": 1}},
    ],
)
async def test_a_document_that_is_not_open_gets_null(ready: Editor, params: Any) -> None:
    assert await ready.raw(INLINE, params) is None


@pytest.mark.parametrize("position", [{"line": 10**6, "character": 0}, {"line": 1, "character": 10**6}])
async def test_places_beyond_the_text_are_answered(ready: Editor, position: Any) -> None:
    spot = ready.open(CODE, "beyond.py")
    answer = await ready.raw(INLINE, {**spot.params, "position": position, "context": {"triggerKind": 1}})
    assert position["line"] == 1 or answer is None


async def test_trigger_kind_zero_of_older_vs_code_clients(ready: Editor) -> None:
    spot = ready.open(CODE, "zero.py")
    assert (await ready.raw(INLINE, {**spot.params, "context": {"triggerKind": 0}})).items


async def test_nobody_was_shown_an_error(ready: Editor) -> None:
    """Runs last: none of the requests above is the user's business."""
    assert ready.shown == []
