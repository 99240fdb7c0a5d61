"""Completions that were made already, so that typing along one, or coming back to a place, costs nothing."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ... import fim
from ..documents.documents import Surroundings, TextAround
from .completion import Completion

_ENTRIES = 128
_MOST_CLOSED = 40  # characters that an editor puts behind the cursor by itself
CLOSING = fim.CLOSING + "\r\n"
"""What editors put behind the cursor by themselves is made of this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """All that a completion depends on."""

    uri: str
    text: TextAround
    explicit: bool


class CompletionCache:
    """The latest completions of each document, by the whole text around them. One without text is an answer too:
    nothing worth showing."""

    def __init__(self) -> None:
        self._entries: OrderedDict[_Place, Completion] = OrderedDict()
        self._changes: Counter[str] = Counter()
        self._all_changes = 0

    def get(self, uri: str, around: Surroundings, *, explicit: bool) -> Completion | None:
        """The completion for this very text, or what is left of one that was typed along; else None.

        What was asked for explicitly is known to others too. A look-up costs the same at any column.
        """
        for asked in (explicit, True):
            place = _Place(uri=uri, text=around.text, explicit=asked)
            if place in self._entries:
                self._entries.move_to_end(place)
                return replace(self._entries[place], source="cache")
        begun = [place for place in self._near(uri, around) if place.explicit or not explicit]
        for place in sorted(begun, key=lambda place: -place.text.before):
            came = place.text.inserted_in(around.rope)
            typed = around.offset - place.text.before
            rest = None if came is None else typed_along(self._entries[place], came[:typed], came[typed:])
            if rest is not None:
                return rest
        return None

    def _near(self, uri: str, around: Surroundings) -> Iterator[_Place]:
        """Where a completion began that may have been typed along to here, by the lengths alone."""
        for place, completion in self._entries.items():
            typed = around.offset - place.text.before
            closed = around.text.after - place.text.after
            text = completion.text
            if place.uri == uri and text is not None and 0 <= typed <= 2 * len(text) and 0 <= closed <= _MOST_CLOSED:
                yield place

    def version(self, uri: str) -> int:
        """Another number after every change that the completions of a document do not outlive."""
        return self._all_changes - self._changes[uri]

    def put(self, uri: str, around: Surroundings, completion: Completion, *, explicit: bool) -> None:
        self._entries[_Place(uri=uri, text=around.text, explicit=explicit)] = completion
        while len(self._entries) > _ENTRIES:
            self._entries.popitem(last=False)

    def changed(self, uri: str) -> None:
        """Forgets the completions of all other documents: their prompts may have shown this one as it was."""
        self._changes[uri] += 1
        self._all_changes += 1
        for place in [place for place in self._entries if place.uri != uri]:
            del self._entries[place]

    def closed(self, uri: str) -> None:
        """Forgets a document, and the completions of all others as after a change."""
        self._changes.pop(uri, None)
        self.clear()

    def clear(self) -> None:
        self._all_changes += 1
        self._entries.clear()


def typed_along(completion: Completion, typed: str, closed: str) -> Completion | None:
    """What is left of a completion once `typed` stands where it begins; None where it says something else.

    `closed`: what came behind the cursor with it, since editors close brackets and quotes by themselves. Of a
    completion that replaces text before the cursor, nothing is known once that text has changed.
    """
    line_end = "\r\n" if "\r\n" in (completion.text or "") else "\n"
    text = (completion.text or "").replace("\r\n", "\n")
    typed, closed = typed.replace("\r\n", "\n"), closed.replace("\r\n", "\n")
    if completion.replaced[0] or not text.startswith(typed) or text == typed:
        return None
    rest, behind = text[len(typed) :], completion.replaced[1]
    if closed.strip(CLOSING):
        return None
    end = rest.rfind(closed)
    if rest.endswith(closed) or ("\n" in closed and end >= 0 and not rest[end:].strip(CLOSING)):
        rest = rest[:end]
    elif "\n" not in closed and fim.has_in_order(rest, closed):
        behind += len(closed)
    else:
        return None
    if not rest:
        return None
    return replace(completion, text=rest.replace("\n", line_end), replaced=(0, behind), source="typed through")
