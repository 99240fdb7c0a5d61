"""Completions that were made already, so that typing along one, or coming back to a place, costs nothing."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, replace

from ..documents.documents import Surroundings
from .completion import Completion

_ENTRIES = 128


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
    """The latest completions, by the whole text around them. One without text is an answer too: nothing worth
    showing."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[_Place, str], Completion] = OrderedDict()
        self._changes: Counter[str] = Counter()
        self._all_changes = 0

    def get(self, uri: str, around: Surroundings, *, explicit: bool) -> Completion | None:
        """The completion for this very text, or what is left of one that was typed along; else None."""
        place, before = _place(uri, around, explicit), around.before
        if (place, before) in self._entries:
            self._entries.move_to_end((place, before))
            return replace(self._entries[place, before], source="cache")
        asked, found = "", None
        for (other, start), completion in self._entries.items():
            text = completion.text
            if text is None or len(start) < len(asked) or other != place or not before.startswith(start):
                continue
            typed = before[len(start) :]
            if text.startswith(typed) and text != typed:
                asked, found = start, replace(completion, text=text[len(typed) :], source="typed through")
        return found

    def version(self, uri: str) -> int:
        """Another number after every change that the completions of a document do not outlive."""
        return self._all_changes - self._changes[uri]

    def put(self, uri: str, around: Surroundings, completion: Completion, *, explicit: bool) -> None:
        self._entries[_place(uri, around, explicit), around.before] = completion
        while len(self._entries) > _ENTRIES:
            self._entries.popitem(last=False)

    def changed(self, uri: str) -> None:
        """Forgets the completions of all other documents: their prompts may have shown this one as it was."""
        self._changes[uri] += 1
        self._all_changes += 1
        for key in [key for key in self._entries if key[0].uri != uri]:
            del self._entries[key]

    def closed(self, uri: str) -> None:
        """Forgets a document, and the completions of all others as after a change."""
        self._changes.pop(uri, None)
        self.clear()

    def clear(self) -> None:
        self._all_changes += 1
        self._entries.clear()


def _place(uri: str, around: Surroundings, explicit: bool) -> _Place:
    return _Place(
        uri=uri,
        line=around.line,
        above=around.above,
        after=around.after,
        below=around.below,
        explicit=explicit,
    )
