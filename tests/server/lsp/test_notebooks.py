"""Notebooks over the wire: cells are completed in with the cells around them, and with the workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from editor import INVOKED, Editor, as_dict, editor
from lsprotocol import types as lsp
from project_files import write

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHAPES = "class Circle:\n    def surface(self) -> float:\n        return 3.0\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    root = write(tmp_path_factory.mktemp("notebooks"), {"shapes.py": SHAPES})
    async with editor("--model", "embedded", workspace=root) as running:
        await running.until("ready")
        running.client.root = root  # type: ignore[attr-defined]
        yield running


def root(made: Editor) -> Path:
    return made.client.root  # type: ignore[attr-defined]


def cell_uri(made: Editor, number: int) -> str:
    return (root(made) / "study.ipynb").as_uri().replace("file:", "vscode-notebook-cell:") + f"#W{number}sZmlsZQ%3D%3D"


def document(made: Editor, number: int, text: str, language: str = "python") -> lsp.TextDocumentItem:
    return lsp.TextDocumentItem(cell_uri(made, number), language, 1, text)


def cells(*documents: lsp.TextDocumentItem) -> list[lsp.NotebookCell]:
    kinds = {"markdown": lsp.NotebookCellKind.Markup}
    return [
        lsp.NotebookCell(kind=kinds.get(one.language_id, lsp.NotebookCellKind.Code), document=one.uri)
        for one in documents
    ]


def open_notebook(made: Editor, *texts: tuple[str, str]) -> str:
    """Opens a notebook of cells, each a language and a text."""
    uri = (root(made) / "study.ipynb").as_uri()
    documents = [document(made, number, text, language) for number, (language, text) in enumerate(texts)]
    notebook = lsp.NotebookDocument(uri=uri, notebook_type="jupyter-notebook", version=1, cells=cells(*documents))
    made.client.notebook_document_did_open(
        lsp.DidOpenNotebookDocumentParams(notebook_document=notebook, cell_text_documents=documents)
    )
    return uri


def change(made: Editor, uri: str, changes: lsp.NotebookDocumentCellChanges) -> None:
    made.client.notebook_document_did_change(
        lsp.DidChangeNotebookDocumentParams(
            notebook_document=lsp.VersionedNotebookDocumentIdentifier(version=2, uri=uri),
            change=lsp.NotebookDocumentChangeEvent(cells=changes),
        )
    )


def place(made: Editor, number: int, line: int, character: int) -> dict[str, Any]:
    return {"textDocument": {"uri": cell_uri(made, number)}, "position": {"line": line, "character": character}}


async def prompt(made: Editor, number: int, line: int, character: int) -> Any:
    return as_dict(await made.command("seekline.prompt", place(made, number, line, character)))


async def test_all_cells_of_all_notebooks_are_wanted(made: Editor) -> None:
    able = made.server.capabilities.notebook_document_sync
    assert isinstance(able, lsp.NotebookDocumentSyncOptions)
    (selector,) = able.notebook_selector
    assert isinstance(selector, lsp.NotebookDocumentFilterWithNotebook)
    assert selector.notebook == "*"
    assert able.save


async def test_a_cell_is_prompted_with_the_cells_above_it_and_below(made: Editor) -> None:
    open_notebook(
        made,
        ("python", "width = 3"),
        ("markdown", "# The area"),
        ("python", "height = 4\narea("),
        ("python", "print(area)"),
    )
    shown = await prompt(made, 2, 1, 5)
    assert shown["prefix"] == "width = 3\n\nheight = 4\narea("
    assert shown["suffix"] == "\n\nprint(area)\n\n"


async def test_a_cell_is_prompted_with_what_it_imports_from_the_workspace(made: Editor) -> None:
    open_notebook(made, ("python", "from shapes import Circle\ncircle = Circle()"), ("python", "circle."))
    shown = await prompt(made, 1, 0, 7)
    assert "def surface(self) -> float:" in shown["prefix"]


async def test_ghost_text_in_a_cell_copies_from_the_cells_above(made: Editor) -> None:
    text = "total_of_all_widths = compute_total(widths, heights)\nprint(total_of_all_widths)"
    open_notebook(made, ("python", text), ("python", "total_of_all_widths = "))
    answer = await made.raw("textDocument/inlineCompletion", {**place(made, 1, 0, 22), "context": {"triggerKind": 1}})
    assert answer.items
    for item in answer.items:
        assert as_dict(item.range) == {"start": {"line": 0, "character": 22}, "end": {"line": 0, "character": 22}}


async def test_typing_along_in_a_cell_keeps_the_rest(made: Editor) -> None:
    text = "total_of_all_widths = compute_total(widths, heights)\nprint(total_of_all_widths)"
    uri = open_notebook(made, ("python", text), ("python", "print(total"), ("python", "x = 1"))

    async def ghost_text(character: int) -> str:
        params = {**place(made, 1, 0, character), "context": {"triggerKind": INVOKED}}
        return (await made.raw("textDocument/inlineCompletion", params)).items[0].insertText

    shown = await ghost_text(11)
    at = lsp.Position(0, 11)
    event = lsp.TextDocumentContentChangePartial(range=lsp.Range(at, at), text=shown[:3])
    identifier = lsp.VersionedTextDocumentIdentifier(uri=cell_uri(made, 1), version=2)
    content = lsp.NotebookDocumentCellContentChanges(document=identifier, changes=[event])
    change(made, uri, lsp.NotebookDocumentCellChanges(text_content=[content]))
    assert await ghost_text(14) == shown[3:]


async def test_a_change_of_a_cell_above_is_seen_below(made: Editor) -> None:
    uri = open_notebook(made, ("python", "width = 3"), ("python", "print("))
    await made.raw("textDocument/inlineCompletion", {**place(made, 1, 0, 6), "context": {"triggerKind": INVOKED}})
    at = lsp.Position(0, 8)
    event = lsp.TextDocumentContentChangePartial(range=lsp.Range(at, lsp.Position(0, 9)), text="12")
    identifier = lsp.VersionedTextDocumentIdentifier(uri=cell_uri(made, 0), version=2)
    content = lsp.NotebookDocumentCellContentChanges(document=identifier, changes=[event])
    change(made, uri, lsp.NotebookDocumentCellChanges(text_content=[content]))
    assert (await prompt(made, 1, 0, 6))["prefix"].endswith("width = 12\n\nprint(")


async def test_cells_that_come_move_and_go(made: Editor) -> None:
    uri = open_notebook(made, ("python", "a = 1"), ("python", "b = 2"), ("python", "c("))

    def restructure(start: int, count: int, *new: lsp.TextDocumentItem, gone: tuple[int, ...] = ()) -> None:
        array = lsp.NotebookCellArrayChange(start=start, delete_count=count, cells=cells(*new))
        closed = [lsp.TextDocumentIdentifier(cell_uri(made, number)) for number in gone]
        structure = lsp.NotebookDocumentCellChangeStructure(array=array, did_open=list(new), did_close=closed)
        change(made, uri, lsp.NotebookDocumentCellChanges(structure=structure))

    restructure(1, 0, document(made, 9, "new = 9"))
    assert (await prompt(made, 2, 0, 2))["prefix"] == "a = 1\n\nnew = 9\n\nb = 2\n\nc("
    restructure(0, 1, gone=(0,))
    assert (await prompt(made, 2, 0, 2))["prefix"] == "new = 9\n\nb = 2\n\nc("
    restructure(0, 1, gone=(9,))
    restructure(1, 0, document(made, 9, "new = 9"))
    assert (await prompt(made, 2, 0, 2))["prefix"] == "b = 2\n\nnew = 9\n\nc("
    assert await prompt(made, 0, 0, 0) is None, "a cell that is gone is not open"


async def test_a_closed_notebook_has_no_cells(made: Editor) -> None:
    uri = open_notebook(made, ("python", "a = 1"), ("python", "b = "))
    made.client.notebook_document_did_close(
        lsp.DidCloseNotebookDocumentParams(
            notebook_document=lsp.NotebookDocumentIdentifier(uri=uri), cell_text_documents=[]
        )
    )
    assert await prompt(made, 1, 0, 4) is None


async def test_a_client_without_notebooks_opens_cells_as_documents(made: Editor) -> None:
    alone = document(made, 7, "b(")
    made.client.text_document_did_open(lsp.DidOpenTextDocumentParams(alone))
    assert (await prompt(made, 7, 0, 2))["prefix"] == "b("


@pytest.mark.parametrize("uri", ["untitled:Untitled-1", "untitled:../Untitled-2", "untitled:folder/new.py"])
async def test_an_unsaved_document_is_prompted_with_what_it_imports_from_the_workspace(made: Editor, uri: str) -> None:
    text = "from shapes import Circle\n\ncircle = Circle()\ncircle."
    made.client.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, "python", 1, text)))
    position = {"line": 3, "character": 7}
    shown = as_dict(await made.command("seekline.prompt", {"textDocument": {"uri": uri}, "position": position}))
    assert "def surface(self) -> float:" in shown["prefix"]
    assert [part["path"] for part in shown["parts"]] == ["shapes.py"]


async def test_nobody_was_shown_an_error(made: Editor) -> None:
    assert made.shown == []
