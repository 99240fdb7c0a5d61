"""Documents and notebooks as the client tells of them: what is opened, changed and closed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.protocol import lsp_method

from ..documents.documents import Change

if TYPE_CHECKING:
    from ..session import Session

log = logging.getLogger(__name__)

NOTEBOOKS = lsp.NotebookDocumentSyncOptions(
    notebook_selector=[
        lsp.NotebookDocumentFilterWithNotebook(notebook="*", cells=[lsp.NotebookCellLanguage(language="*")])
    ],
    save=True,
)
"""All cells of all notebooks: which languages are completed in, the settings say."""


class Synchronization:
    """The notifications that pygls would keep documents of its own by.

    pygls has generators here, so that users can hook in; it runs plain functions as well.
    """

    _server: Any

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: lsp.DidOpenTextDocumentParams) -> None:
        from ..completion.warm_up import warm_up

        _open(self._server.session, params.text_document)
        warm_up(self._server.session, params.text_document.uri)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: lsp.DidChangeTextDocumentParams) -> None:
        changes = [_change(event) for event in params.content_changes]
        self._server.session.change(params.text_document.uri, params.text_document.version, changes)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: lsp.DidCloseTextDocumentParams) -> None:
        self._server.session.close_document(params.text_document.uri)

    @lsp_method(lsp.NOTEBOOK_DOCUMENT_DID_OPEN)
    def lsp_notebook_document__did_open(self, params: lsp.DidOpenNotebookDocumentParams) -> None:
        notebook = params.notebook_document
        self._server.session.documents.notebooks.open(notebook.uri, [cell.document for cell in notebook.cells])
        for document in params.cell_text_documents:
            _open(self._server.session, document)

    @lsp_method(lsp.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def lsp_notebook_document__did_change(self, params: lsp.DidChangeNotebookDocumentParams) -> None:
        _change_notebook(self._server.session, params.notebook_document.uri, params.change.cells)

    @lsp_method(lsp.NOTEBOOK_DOCUMENT_DID_SAVE)
    def lsp_notebook_document__did_save(self, params: lsp.DidSaveNotebookDocumentParams) -> None:
        self._server.session.files_changed([(params.notebook_document.uri, "changed")])

    @lsp_method(lsp.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def lsp_notebook_document__did_close(self, params: lsp.DidCloseNotebookDocumentParams) -> None:
        _close_notebook(self._server.session, params.notebook_document.uri)
        for document in params.cell_text_documents:
            self._server.session.close_document(document.uri)


def refuse(session: Session, uri: str) -> None:
    """A document or a notebook is too large to be read."""
    _close_notebook(session, uri)
    session.refuse_document(uri)


def _open(session: Session, document: lsp.TextDocumentItem) -> None:
    session.open(document.uri, document.text, document.language_id, document.version)


def _change_notebook(session: Session, notebook: str, cells: lsp.NotebookDocumentCellChanges | None) -> None:
    if notebook not in session.documents.notebooks:
        if not session.documents.is_refused(notebook):
            log.warning("a change of the notebook %.200r, which is not open, was ignored", notebook)
        return
    if cells is None:
        return
    if cells.structure is not None:
        _restructure(session, notebook, cells.structure)
    for content in cells.text_content or ():
        changes = [_change(event) for event in content.changes]
        session.change(content.document.uri, content.document.version, changes)


def _restructure(session: Session, notebook: str, structure: lsp.NotebookDocumentCellChangeStructure) -> None:
    array = structure.array
    cells = [cell.document for cell in array.cells or ()]
    session.documents.notebooks.splice(notebook, array.start, array.delete_count, cells)
    for closed in structure.did_close or ():
        session.close_document(closed.uri)
    for opened in structure.did_open or ():
        _open(session, opened)


def _close_notebook(session: Session, notebook: str) -> None:
    for cell in session.documents.notebooks.cells(notebook):
        session.close_document(cell)
    session.documents.notebooks.close(notebook)


def _change(event: lsp.TextDocumentContentChangeEvent) -> Change:
    if isinstance(event, lsp.TextDocumentContentChangeWholeDocument):
        return Change(text=event.text)
    start, end = event.range.start, event.range.end
    return Change(text=event.text, start=(start.line, start.character), end=(end.line, end.character))
