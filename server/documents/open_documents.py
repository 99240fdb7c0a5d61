"""Which documents are open in the editor."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Protocol

from .documents import Change, OpenDocument
from .edits import Edit
from .positions import Encoding

log = logging.getLogger(__name__)


class Follower(Protocol):
    """Who follows what becomes of texts in documents."""

    def changed(self, uri: str, edits: Sequence[Edit]) -> None: ...

    def closed(self, uri: str) -> None: ...


class OpenDocuments:
    """The open documents by their URI. One that is too large to be read counts as not open until it is opened anew.
    `follower` is told of each change once it is made."""

    def __init__(self, encoding: Encoding, follower: Follower) -> None:
        self._encoding: Encoding = encoding
        self._follower = follower
        self._documents: dict[str, OpenDocument] = {}
        self._too_large: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._documents)

    def get(self, uri: str) -> OpenDocument | None:
        return self._documents.get(uri)

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
                log.warning("a change of %s, which is not open, was ignored", uri)
            return None
        edits = [document.apply(change, self._encoding) for change in changes]
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
