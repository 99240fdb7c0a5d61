"""What a completion may copy from: the document around the cursor, and the files near it."""

from __future__ import annotations

from dataclasses import dataclass
from sys import getsizeof

from ... import fim, model
from .snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class FileText:
    """The text of a file as one, which is kept with the file."""

    text: str

    @property
    def size_bytes(self) -> int:
        return getsizeof(self.text)


def copy_texts(snapshot: Snapshot, other_characters: int, stop: fim.Stop) -> model.CopyTexts:
    """The texts around a cursor. Files that are excluded, and secrets, are not in them: a project has neither. `stop`:
    see `fim.gather`."""
    document, cursor, project = snapshot.document, snapshot.cursor, snapshot.project
    others: list[str] = []
    room = other_characters
    for path in fim.related_paths(document, cursor, project, stop):
        stop()
        file = project.reading(path, _text_of)
        room -= len(file.text) if file is not None else 0
        if room < 0:
            break
        if file is not None:
            others.append(file.text)
    above, below = document.lines[: cursor.line], document.following_lines(cursor)
    return model.CopyTexts(
        before=_joined(above) + document.before(cursor),
        after=document.after(cursor) + "\n" + _joined(below),
        others=tuple(others),
    )


def _text_of(document: fim.Document) -> FileText:
    return FileText(text=_joined(document.lines))


def _joined(lines: tuple[str, ...]) -> str:
    return fim.with_newlines("".join(lines))
