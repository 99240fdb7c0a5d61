"""What is to be completed: a cursor in a document as the editor has it, and the workspace root around it."""

from __future__ import annotations

from dataclasses import dataclass

from ... import fim
from ..documents.documents import Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A cursor in a whole document."""

    document: fim.Document
    cursor: fim.Cursor
    project: fim.Project


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSnapshot:
    """The same of an open document as the event loop has it, where nothing may take longer for a longer document."""

    path: str
    language: fim.Language | None
    around: Surroundings
    project: fim.Project

    def whole(self) -> Snapshot:
        """With the whole document; not on the event loop."""
        document = fim.Document(path=self.path, language=self.language, lines=self.around.lines())
        cursor = fim.Cursor(line=self.around.line, column=len(self.around.before))
        return Snapshot(document=document, cursor=cursor, project=self.project)
