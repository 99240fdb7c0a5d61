"""Completions that were made already, so that typing along one, or coming back to a place, costs nothing."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass

from .. import fim

_ENTRIES = 128
_MISSING = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """All that a completion depends on, but for the line before the cursor: long texts by their hash."""

    uri: str
    line: int
    above: int
    after: str
    below: int
    explicit: bool


class CompletionCache:
    """The latest completions, by the whole text around them. None is an answer too: nothing worth showing."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[_Place, str], str | None] = OrderedDict()
        self._changes: Counter[str] = Counter()
        self._all_changes = 0

    def get(self, uri: str, document: fim.Document, cursor: fim.Cursor, *, explicit: bool) -> tuple[str | None] | None:
        """The completion for this very text in a tuple, or what is left of one that was typed along; else None."""
        place, before = _place(uri, document, cursor, explicit), document.before(cursor)
        for typed in range(len(before) + 1):
            key = (place, before[: len(before) - typed])
            found = self._entries.get(key, _MISSING)
            if found is _MISSING:
                continue
            if not typed:
                self._entries.move_to_end(key)
                return (found,)  # type: ignore[return-value]
            if isinstance(found, str) and len(found) > typed and found.startswith(before[len(before) - typed :]):
                return (found[typed:],)
        return None

    def moment(self, uri: str) -> int:
        """Another number after every change that the completions of a document do not outlive."""
        return self._all_changes - self._changes[uri]

    def put(
        self, uri: str, document: fim.Document, cursor: fim.Cursor, completion: str | None, *, explicit: bool
    ) -> None:
        self._entries[_place(uri, document, cursor, explicit), document.before(cursor)] = completion
        while len(self._entries) > _ENTRIES:
            self._entries.popitem(last=False)

    def changed(self, uri: str) -> None:
        """Forgets the completions of all other documents: their prompts may have shown this one as it was."""
        self._changes[uri] += 1
        self._all_changes += 1
        for key in [key for key in self._entries if key[0].uri != uri]:
            del self._entries[key]

    def clear(self) -> None:
        self._all_changes += 1
        self._entries.clear()


def _place(uri: str, document: fim.Document, cursor: fim.Cursor, explicit: bool) -> _Place:
    return _Place(
        uri=uri,
        line=cursor.line,
        above=hash(document.lines[: cursor.line]),
        after=document.after(cursor),
        below=hash(document.following_lines(cursor)),
        explicit=explicit,
    )
