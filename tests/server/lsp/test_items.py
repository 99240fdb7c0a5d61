"""What editors are given: items with exact ranges and filter texts, in a menu and as ghost text."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from editor import AUTOMATIC, INVOKED, Editor, as_dict, editor
from lsprotocol import types as lsp
from marked import MARK

pytestmark = pytest.mark.asyncio(loop_scope="module")

TESTS = Path(__file__).parents[2]
SERVE = "from fake_engine import FakeEngine; from seekline.server.lsp.transport import serve_stdio; "
SERVE += "serve_stdio({}, engine=FakeEngine('al + 1\\n'))"
COMMAND = [sys.executable, "-c", SERVE]
ENV = {"PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def menus() -> AsyncIterator[Editor]:
    """An editor without ghost text, whose model always writes `al + 1`."""
    async with editor(command=COMMAND, env=ENV, inline=False) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ghosts() -> AsyncIterator[Editor]:
    async with editor(command=COMMAND, env=ENV) as running:
        yield running


async def menu(made: Editor, code: str, language: str, context: dict[str, Any] | None = None) -> Any:
    """The menu at the mark."""
    spot = made.open(code, f"{language}.txt", language)
    params = spot.params if context is None else {**spot.params, "context": context}
    return as_dict(await made.raw(lsp.TEXT_DOCUMENT_COMPLETION, params))


def applied(code: str, edit: dict[str, Any]) -> str:
    """The document after the edit, which must be on the mark's line and around it."""
    head, _, tail = code.partition(MARK)
    line = head.count("\n")
    start, end = edit["range"]["start"], edit["range"]["end"]
    assert start["line"] == end["line"] == line
    lines = (head + tail).split("\n")
    units = lines[line].encode("utf-16-le")
    before, after = units[: 2 * start["character"]], units[2 * end["character"] :]
    lines[line] = before.decode("utf-16-le") + edit["newText"] + after.decode("utf-16-le")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("language", "code", "word"),
    [
        ("python", "x = grö▮\n", "grö"),
        ("python", "# 🙂\nprint('🙂', 名前▮)\n", "名前"),
        ("python", "@dec▮\ndef f(): ...\n", "dec"),
        ("css", "a {\n  margin-le▮\n}\n", "margin-le"),
        ("php", "<?php\nreturn $tot▮;\n", "$tot"),
        ("javascript", "a?.b▮\n", "b"),
        ("javascript", "a?.▮\n", ""),
        ("ruby", "@tot▮\n", "@tot"),
        ("clojure", "(seq->li▮)\n", "seq->li"),
        ("unheard of", "x = tot▮\n", "tot"),
    ],
)
async def test_a_menus_entry_replaces_from_the_words_start(menus: Editor, language: str, code: str, word: str) -> None:
    answer = await menu(menus, code, language)
    assert answer["isIncomplete"]
    (item,) = answer["items"]
    assert item["textEdit"]["newText"] == f"{word}al + 1"
    assert item["filterText"].startswith(word), "what is typed already"
    assert item["filterText"] == item["label"]
    assert applied(code, item["textEdit"]) == code.replace(MARK, "al + 1")


async def test_a_menus_entry_is_plain_text_behind_what_other_servers_are_sure_of(menus: Editor) -> None:
    (item,) = (await menu(menus, "x = tot▮\n", "python"))["items"]
    assert item["sortText"] > "zzzz"
    assert item["insertTextFormat"] == lsp.InsertTextFormat.PlainText
    assert item["insertTextMode"] == lsp.InsertTextMode.AsIs
    assert "preselect" not in item


@pytest.mark.parametrize(
    ("code", "character", "shown"),
    [
        ("x = a.▮\n", ".", True),
        ("x = A::▮\n", ":", True),
        ("if x:▮\n", ":", False),
        ("x = a->▮\n", ">", True),
        ("x = a >▮\n", ">", False),
    ],
)
async def test_characters_that_open_a_menu(menus: Editor, code: str, character: str, shown: bool) -> None:
    able = menus.server.capabilities.completion_provider
    assert able is not None
    assert character in (able.trigger_characters or ())
    assert not {" ", "\n", "(", "{"} & set(able.trigger_characters or ()), "a menu takes Enter and Tab from the user"
    answer = await menu(menus, code, "cpp", {"triggerKind": 2, "triggerCharacter": character})
    assert bool(answer["items"]) == shown


async def ghost(made: Editor, code: str, kind: int = AUTOMATIC, info: dict[str, Any] | None = None) -> list[Any]:
    spot = made.open(code)
    context = {"triggerKind": kind} if info is None else {"triggerKind": kind, "selectedCompletionInfo": info}
    items = as_dict(await made.raw(lsp.TEXT_DOCUMENT_INLINE_COMPLETION, {**spot.params, "context": context}))["items"]
    assert "command" in items[0], "the one that the statistics follow"
    return [{key: value for key, value in item.items() if key != "command"} for item in items]


def selected(text: str, start: int, end: int, line: int = 0) -> dict[str, Any]:
    places = [{"line": line, "character": character} for character in (start, end)]
    return {"range": {"start": places[0], "end": places[1]}, "text": text}


async def test_ghost_text_has_the_cursor_as_its_range(ghosts: Editor) -> None:
    (item,) = await ghost(ghosts, "x = '🙂' + tot▮\n")
    assert item == {"insertText": "al + 1", "range": selected("", 14, 14)["range"]}


@pytest.mark.parametrize("kind", [AUTOMATIC, INVOKED])
async def test_what_the_menu_has_selected_is_gone_on_with(ghosts: Editor, kind: int) -> None:
    """VS Code shows only items that start with the selected entry's text."""
    items = await ghost(ghosts, "x = '🙂' + tot▮\n", kind, selected("Tot", 11, 14))
    assert items[0]["insertText"] == "Total + 1"
    assert items[0]["range"] == selected("", 11, 14)["range"]
    assert items[0]["filterText"].startswith("tot"), "the text that is replaced"


async def test_a_selected_entry_that_only_goes_on_needs_no_filter_text(ghosts: Editor) -> None:
    (item,) = await ghost(ghosts, "x = to▮\n", info=selected("tot", 4, 6))
    assert item == {"insertText": "total + 1", "range": selected("", 4, 6)["range"]}


@pytest.mark.parametrize(
    "info",
    [selected("tot", 4, 6, line=5), selected("tot", 0, 1), selected("a\nb", 4, 6), selected("tot", 6, 4)],
    ids=["another line", "elsewhere", "several lines", "backwards"],
)
async def test_a_selected_entry_that_is_not_at_the_cursor_is_passed_over(ghosts: Editor, info: dict[str, Any]) -> None:
    (item,) = await ghost(ghosts, "x = to▮\n", info=info)
    assert item == {"insertText": "al + 1", "range": selected("", 6, 6)["range"]}


async def test_nobody_was_shown_an_error(menus: Editor, ghosts: Editor) -> None:
    assert menus.shown == ghosts.shown == []
