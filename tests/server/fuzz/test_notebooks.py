"""Cells inserted, moved, deleted and edited in any order, as messages: the server's notebook is the client's."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest
from fake_engine import FakeEngine
from seekline.server.lsp.app import create_server

NOTEBOOK = "file:///a/b.ipynb"
TEXTS = ["", "\n", "x = 1", "y = '🙂'\n", "a\r", "\nb", "def f():\n    return 1\n\n"]


class Client:
    """A notebook as the client has it, which tells a server in this process of each change."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.server = create_server({"model": "embedded"}, FakeEngine())
        self.server.protocol.set_writer(self)  # type: ignore[arg-type]
        self.cells: list[str] = []
        self.texts: dict[str, str] = {}
        self.made = 0
        self.say("initialize", {"capabilities": {}, "processId": None, "rootUri": None}, id=1)
        notebook = {"uri": NOTEBOOK, "notebookType": "jupyter-notebook", "version": 0, "cells": []}
        self.say("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": []})

    def write(self, data: bytes) -> None:
        assert b'"error"' not in data

    def close(self) -> None:
        """What pygls expects of a writer."""

    def say(self, method: str, params: dict[str, Any], **id: int) -> None:
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **id}).encode()
        self.server.protocol.take(self.server.protocol.read(body))

    def tell(self, **cells: Any) -> None:
        self.say(
            "notebookDocument/didChange",
            {"notebookDocument": {"uri": NOTEBOOK, "version": 1}, "change": {"cells": cells}},
        )

    def splice(self, start: int, count: int, cells: list[str], opened: list[str]) -> None:
        closed = [cell for cell in self.cells[start : start + count] if cell not in cells]
        self.cells[start : start + count] = cells
        for cell in closed:
            del self.texts[cell]
        documents = [{"uri": cell, "languageId": "python", "version": 1, "text": self.texts[cell]} for cell in opened]
        array = {"start": start, "deleteCount": count, "cells": [{"kind": 2, "document": cell} for cell in cells]}
        self.tell(structure={"array": array, "didOpen": documents, "didClose": [{"uri": cell} for cell in closed]})

    def insert(self) -> None:
        new = [f"cell:{self.made + number}" for number in range(self.random.randint(1, 3))]
        self.made += len(new)
        for cell in new:
            self.texts[cell] = self.random.choice(TEXTS)
        self.splice(self.random.randint(0, len(self.cells)), 0, new, new)

    def delete(self) -> None:
        self.splice(self.random.randrange(len(self.cells)), self.random.randint(1, 2), [], [])

    def move(self) -> None:
        """As VS Code says it: the cells between the two places, in their new order."""
        first, last = sorted(self.random.choices(range(len(self.cells)), k=2))
        cells = self.cells[first : last + 1]
        self.splice(first, len(cells), [*cells[1:], cells[0]], [])

    def edit(self) -> None:
        cell = self.random.choice(self.cells)
        text = self.random.choice(TEXTS)
        self.texts[cell] = text + self.texts[cell]
        at = {"line": 0, "character": 0}
        change = {"range": {"start": at, "end": at}, "text": text}
        self.tell(textContent=[{"document": {"uri": cell, "version": 2}, "changes": [change]}])

    def check(self) -> None:
        documents = self.server.session.documents
        assert list(documents.notebooks.cells(NOTEBOOK)) == self.cells
        assert {cell: "".join(documents.get(cell).lines) for cell in self.cells} == self.texts  # type: ignore[union-attr]
        for cell in self.cells:
            around = documents.around(cell, 0, 0)
            assert around is not None
            above = [self.texts[other] for other in self.cells[: self.cells.index(cell)]]
            before = "".join(around.lines()[: around.line])
            assert before == "".join(text + "\n\n" for text in above if text.strip())


@pytest.mark.parametrize("seed", range(10))
async def test_the_servers_cells_are_the_clients(seed: int) -> None:
    client = Client(seed)
    for _ in range(60):
        actions = [client.insert, client.insert, client.delete, client.move, client.edit, client.edit]
        client.random.choice(actions if client.cells else [client.insert])()
        client.check()
        await asyncio.sleep(0)
    client.say("notebookDocument/didClose", {"notebookDocument": {"uri": NOTEBOOK}, "cellTextDocuments": []})
    assert not client.server.session.documents
    client.server.close(5)
