"""Columns in UTF-8, UTF-16 and UTF-32, as the editor wants them, over emoji and form feeds."""

from __future__ import annotations

import asyncio

import pytest
from editor import as_dict, editor
from lsprotocol import types as lsp

CODE = "page = 'é🙂'\x0c; 日本 = '🙂▮🙂'\r\nnext_line = 1\u2028 + 2\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_columns(encoding: str) -> None:
    async with editor("--model", "embedded", encoding=encoding) as made:
        assert made.server.capabilities.position_encoding == encoding
        spot = made.open(CODE)
        for text in ("x", "🙂", "é", "\x0c", "日"):
            spot = made.type(spot, text)
        end = lsp.Position(2, 0)
        made.change(spot.uri, "last🙂\x0c\u2028", end, end)
        prompt = as_dict(await made.command("seekline.prompt", spot.params))
        assert prompt["prefix"] + prompt["must_start"] == "page = 'é🙂'\x0c; 日本 = '🙂x🙂é\x0c日"
        assert prompt["suffix"] == "🙂'\nnext_line = 1\u2028 + 2\nlast🙂\x0c\u2028"
        await made.ghost_text(spot)


async def test_an_editor_that_names_no_encoding_gets_utf16() -> None:
    async with editor("--model", "embedded") as made:
        assert made.server.capabilities.position_encoding == "utf-16"


async def test_an_editor_without_ghost_text_gets_menu_completions() -> None:
    """As Helix wants them: replacing from the word's start, asked again with every key."""
    async with editor("--model", "embedded", encoding="utf-8", inline=False) as made:
        able = made.server.capabilities
        assert able.completion_provider is not None
        spot = made.open("def add(first, second):\n    return fir▮\n")
        params = lsp.CompletionParams(lsp.TextDocumentIdentifier(spot.uri), spot.position)
        answer = await made.client.text_document_completion_async(params)
        assert isinstance(answer, lsp.CompletionList)
        assert answer.is_incomplete
        (item,) = answer.items
        assert isinstance(item.text_edit, lsp.TextEdit)
        assert item.text_edit.range == lsp.Range(lsp.Position(1, 11), lsp.Position(1, 14))
        assert item.text_edit.new_text.startswith("fir")
        assert item.filter_text == item.label
        assert item.label == item.text_edit.new_text.splitlines()[0].strip()


async def test_a_menu_that_filters_by_itself_gets_its_answer_although_the_user_types_on() -> None:
    """Helix does not ask again while it waits."""
    async with editor("--model", "embedded", encoding="utf-8", inline=False) as made:
        spot = made.open("def add(first, second):\n    return fi▮\n")
        params = lsp.CompletionParams(lsp.TextDocumentIdentifier(spot.uri), spot.position)
        waiting = asyncio.ensure_future(made.client.text_document_completion_async(params))
        await asyncio.sleep(0)
        made.type(spot, "r")
        answer = await waiting
        assert isinstance(answer, lsp.CompletionList)
        assert [item.filter_text[:2] for item in answer.items if item.filter_text] == ["fi"]
