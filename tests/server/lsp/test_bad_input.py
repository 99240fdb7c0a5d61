"""What makes no sense is answered as the specification says, with one line in the log, and the server lives on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from raw_client import INITIALIZE, RawServer

INVALID_PARAMS = -32602
INLINE, MENU = "textDocument/inlineCompletion", "textDocument/completion"
KNOWN = "file:///known.py"
ORDERS = {"position": {"line": 0, "character": 4}, "context": {"triggerKind": 1}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RawServer]:
    """One server for all: each test finds it alive."""
    made = RawServer("--model", "embedded", folder=tmp_path_factory.mktemp("bad"))
    made.ask(1, "initialize", INITIALIZE)
    made.send(method="initialized", params={})
    document = {"uri": KNOWN, "languageId": "python", "version": 1, "text": "x = \ny = 1\n"}
    made.send(method="textDocument/didOpen", params={"textDocument": document})
    while made.state() != "ready":
        pass
    yield made
    shown = [message for message in made.unasked if message.get("method") == "window/showMessage"]
    assert not shown, "errors of a client are no news for its user"
    made.leave()


def lines_of(server: RawServer) -> list[str]:
    assert server.state() == "ready"
    return server.log.splitlines()


def asked(server: RawServer, method: str, params: Any) -> tuple[dict[str, Any], list[str]]:
    """The answer, and what was logged with it."""
    before = len(lines_of(server))
    answer = server.ask("bad", method, params)
    return answer, lines_of(server)[before:]


def place(uri: Any = KNOWN, **other: Any) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, **ORDERS, **other}


@pytest.mark.parametrize("method", [INLINE, MENU])
@pytest.mark.parametrize(
    "uri",
    [
        "file:///unknown.py",
        "untitled:Unknown",
        "vscode-notebook-cell:/a/b.ipynb#W0",
        "git:/known.py?HEAD",
        "",
        "no uri",
        "file://[",
        "http://[",
        "file:///a%00b.py",
        "file:///two\nlines.py",
        "untitled:" + "a/" * 100_000,
    ],
    ids=lambda uri: uri[:30],
)
def test_a_document_that_is_not_open(server: RawServer, method: str, uri: str) -> None:
    answer, lines = asked(server, method, place(uri))
    assert answer["result"] is None
    (line,) = lines
    assert "is not open" in line
    assert len(line) < 400


@pytest.mark.parametrize("method", [INLINE, MENU])
@pytest.mark.parametrize("line", [3, 2**31 - 1])
def test_a_line_that_is_not_there(server: RawServer, method: str, line: int) -> None:
    answer, lines = asked(server, method, place(position={"line": line, "character": 0}))
    assert answer["result"] is None
    assert len(lines) == 1


def test_a_column_beyond_the_lines_end_is_its_end(server: RawServer) -> None:
    answer, lines = asked(server, INLINE, place(position={"line": 0, "character": 2**31 - 1}))
    assert answer["result"]["items"]
    for item in answer["result"]["items"]:
        assert item["range"]["start"] == item["range"]["end"] == {"line": 0, "character": 4}
    assert lines == []


@pytest.mark.parametrize(
    ("method", "params"),
    [
        (INLINE, place(context={"triggerKind": 7})),
        (INLINE, place(context={"triggerKind": -1})),
        (INLINE, place(context={"triggerKind": "1"})),
        (INLINE, place(context={})),
        (INLINE, place(position={"line": "0", "character": 0})),
        (INLINE, place(position={"line": 0.5, "character": 0})),
        (INLINE, place(position={"line": -1, "character": 0})),
        (INLINE, place(position={"line": 0, "character": -7})),
        (INLINE, place(uri=None)),
        (INLINE, place(context={"triggerKind": 1, "selectedCompletionInfo": {"text": 3}})),
        (MENU, place(context={"triggerKind": 9})),
        (MENU, place(context={"triggerKind": 0})),
        (MENU, place(position=None)),
        (MENU, None),
    ],
    ids=str,
)
def test_params_that_are_not_as_the_specification_has_them(server: RawServer, method: str, params: Any) -> None:
    answer, lines = asked(server, method, params)
    assert answer["error"]["code"] == INVALID_PARAMS
    assert len(lines) == 1


def test_trigger_kind_0_of_older_clients_is_an_explicit_one(server: RawServer) -> None:
    answer, lines = asked(server, INLINE, place(context={"triggerKind": 0}))
    assert answer["result"]["items"]
    assert lines == []


NOTEBOOK = {"uri": "file:///unknown.ipynb", "version": 1}
CELL = {"kind": 2, "document": "vscode-notebook-cell:/unknown.ipynb#1"}
STRUCTURE = {"structure": {"array": {"start": 0, "deleteCount": 9, "cells": [CELL]}}}


@pytest.mark.parametrize(
    ("method", "params", "count"),
    [
        ("textDocument/didChange", {"textDocument": {"uri": "untitled:?", "version": 1}, "contentChanges": []}, 1),
        ("textDocument/didClose", {"textDocument": {"uri": "untitled:?"}}, 0),
        ("notebookDocument/didChange", {"notebookDocument": NOTEBOOK, "change": {}}, 1),
        ("notebookDocument/didChange", {"notebookDocument": NOTEBOOK, "change": {"cells": STRUCTURE}}, 1),
        ("notebookDocument/didChange", {"notebookDocument": NOTEBOOK, "change": {"cells": 3}}, 1),
        ("notebookDocument/didOpen", {"notebookDocument": {}, "cellTextDocuments": []}, 1),
        ("notebookDocument/didSave", {"notebookDocument": {"uri": "file:///unknown.ipynb"}}, 0),
        ("notebookDocument/didClose", {"notebookDocument": {"uri": "no"}, "cellTextDocuments": [{"uri": "no"}]}, 0),
    ],
    ids=str,
)  # fmt: skip
def test_notifications_about_what_is_not_open(server: RawServer, method: str, params: Any, count: int) -> None:
    before = len(lines_of(server))
    server.send(method=method, params=params)
    lines = lines_of(server)[before:]
    assert len(lines) == count, lines


def test_cells_beyond_a_notebooks_end_are_at_its_end(server: RawServer) -> None:
    notebook = {"uri": "file:///short.ipynb", "notebookType": "x", "version": 1, "cells": []}
    server.send(method="notebookDocument/didOpen", params={"notebookDocument": notebook, "cellTextDocuments": []})
    document = {"uri": CELL["document"], "languageId": "python", "version": 1, "text": "x = "}
    structure = {"array": {"start": 99, "deleteCount": 99, "cells": [CELL]}, "didOpen": [document]}
    changed = {
        "notebookDocument": {"uri": "file:///short.ipynb", "version": 2},
        "change": {"cells": {"structure": structure}},
    }
    server.send(method="notebookDocument/didChange", params=changed)
    answer, lines = asked(server, INLINE, place(CELL["document"]))
    assert answer["result"] is not None
    assert lines == []


def test_a_notebook_too_large_is_told_once(tmp_path: Path) -> None:
    server = RawServer("--model", "embedded", folder=tmp_path)
    server.ask(1, "initialize", INITIALIZE)
    server.send(method="initialized", params={})
    document = {"uri": CELL["document"], "languageId": "python", "version": 1, "text": "x = 1\n" * 1_000_000}
    notebook = {"uri": "file:///large.ipynb", "notebookType": "x", "version": 1, "cells": [CELL]}
    server.send(
        method="notebookDocument/didOpen", params={"notebookDocument": notebook, "cellTextDocuments": [document]}
    )
    for version in (2, 3):
        identifier = {"uri": "file:///large.ipynb", "version": version}
        server.send(method="notebookDocument/didChange", params={"notebookDocument": identifier, "change": {}})
    assert server.ask(2, INLINE, place(CELL["document"]))["result"] is None
    told = [message["params"]["message"] for message in server.unasked if message["method"] == "window/showMessage"]
    assert told == ["Seekline: No completions in large.ipynb: it is too large."]
    assert "a change of the notebook" not in server.log
    server.leave()
