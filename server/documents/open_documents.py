"""Which documents are open in the editor."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from .documents import Change, OpenDocument, Surroundings
from .edits import Edit
from .notebooks import Notebooks, above, below
from .positions import Encoding
from .rope import Rope

log = logging.getLogger(__name__)


class Follower(Protocol):
    """Who follows what becomes of texts in documents."""

    def changed(self, uri: str, edits: Sequence[Edit]) -> None: ...

    def closed(self, uri: str) -> None: ...


class OpenDocuments:
    """The open documents by their URI, and which are cells of notebooks. One that is too large to be read counts as not
    open until it is opened anew. `follower` is told of each change once it is made, in a cell as one of its notebook.
    """

    def __init__(self, encoding: Encoding, follower: Follower) -> None:
        self._encoding: Encoding = encoding
        self._follower = follower
        self._documents: dict[str, OpenDocument] = {}
        self._too_large: set[str] = set()
        self.notebooks = Notebooks()

    def __bool__(self) -> bool:
        return bool(self._documents)

    def get(self, uri: str) -> OpenDocument | None:
        return self._documents.get(uri)

    def around(self, uri: str, line: int, units: int) -> Surroundings | None:
        """What is around a client's position: of a cell, also the cells of its notebook that are in its language. None
        where the document is not open or has no such line. Raises `TooLarge`."""
        document = self._documents.get(uri)
        if document is None:
            return None
        earlier, later = self._cells_around(uri, document.language_id)
        return document.around(line, units, self._encoding, above=earlier, below=later)

    def rope(self, uri: str) -> Rope:
        """The text of an open document: of a cell, with the cells around it."""
        document = self._documents[uri]
        return document.within(*self._cells_around(uri, document.language_id))

    def _cells_around(self, uri: str, language_id: str) -> tuple[Rope, Rope]:
        earlier, later = self.notebooks.around(uri)
        return above(self._ropes(earlier, language_id)), below(self._ropes(later, language_id))

    def _ropes(self, uris: Iterable[str], language_id: str) -> list[Rope]:
        documents = [self._documents[uri] for uri in uris if uri in self._documents]
        return [document.rope for document in documents if document.language_id == language_id]

    def open(self, uri: str, text: str, language_id: str, version: int) -> OpenDocument:
        self._too_large.discard(uri)
        self._follower.closed(uri)  # as it was before, where an editor opens it twice
        document = self._documents[uri] = OpenDocument(text, language_id=language_id, version=version)
        return document

    def change(self, uri: str, version: int, changes: Iterable[Change]) -> OpenDocument | None:
        """Applies changes to a document, and returns it; None where it is not open."""
        document = self._documents.get(uri)
        if document is None:
            if uri not in self._too_large:
                log.warning("a change of %.200r, which is not open, was ignored", uri)
            return None
        earlier, later = self._cells_around(uri, document.language_id)
        edits: list[Edit] = []
        for change in changes:
            before = document.within(earlier, later)
            edit = document.apply(change, self._encoding)
            edits.append(replace(edit, before=before, start=earlier.characters + edit.start))
        document.version = version
        self._follower.changed(uri, edits)
        return document

    def close(self, uri: str) -> None:
        self._documents.pop(uri, None)
        self._follower.closed(uri)
        self._too_large.discard(uri)

    def refuse(self, uri: str) -> None:
        """A document is too large to be read."""
        self.close(uri)
        self._too_large.add(uri)

    def is_refused(self, uri: str) -> bool:
        return uri in self._too_large
