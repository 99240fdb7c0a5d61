"""Completions that were made already, so that typing along one, or coming back to a place, costs nothing."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..documents.documents import Surroundings
from .completion import Completion

_ENTRIES = 128
_MOST_CLOSED = 40  # characters that an editor puts behind the cursor by itself
CLOSING = ")]}>\"'`;, \t\r\n"
"""What editors put behind the cursor by themselves is made of this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A completion, and all that it depends on: the texts around its cursor, by their lengths and hashes."""

    before: int
    hash_before: int
    after: int
    hash_after: int
    explicit: bool
    completion: Completion


class CompletionCache:
    """The latest completions of each document, by the whole text around them. One without text is an answer too:
    nothing worth showing."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[str, int, int, int, bool], _Known] = OrderedDict()
        self._changes: Counter[str] = Counter()
        self._all_changes = 0

    def get(self, uri: str, around: Surroundings, *, explicit: bool) -> Completion | None:
        """The completion for this very text, or what is left of one that was typed along; else None.

        What was asked for explicitly is known to others too. A look-up costs the same at any column.
        """
        for asked in (explicit, True):
            key = _key(uri, around, asked)
            if key in self._entries:
                self._entries.move_to_end(key)
                return replace(self._entries[key].completion, source="cache")
        begun = [known for known in self._near(uri, around) if known.explicit or not explicit]
        for known in sorted(begun, key=lambda known: -known.before):
            rest = _rest(known, around)
            if rest is not None:
                return rest
        return None

    def _near(self, uri: str, around: Surroundings) -> Iterator[_Known]:
        """What may have been typed along to here, by the lengths alone."""
        for (other, *_), known in self._entries.items():
            typed = around.offset - known.before
            closed = around.characters_after - known.after
            text = known.completion.text
            if other == uri and text is not None and 0 <= typed <= 2 * len(text) and 0 <= closed <= _MOST_CLOSED:
                yield known

    def version(self, uri: str) -> int:
        """Another number after every change that the completions of a document do not outlive."""
        return self._all_changes - self._changes[uri]

    def put(self, uri: str, around: Surroundings, completion: Completion, *, explicit: bool) -> None:
        self._entries[_key(uri, around, explicit)] = _Known(
            before=around.offset,
            hash_before=around.hash_before,
            after=around.characters_after,
            hash_after=around.hash_after,
            explicit=explicit,
            completion=completion,
        )
        while len(self._entries) > _ENTRIES:
            self._entries.popitem(last=False)

    def changed(self, uri: str) -> None:
        """Forgets the completions of all other documents: their prompts may have shown this one as it was."""
        self._changes[uri] += 1
        self._all_changes += 1
        for key in [key for key in self._entries if key[0] != uri]:
            del self._entries[key]

    def closed(self, uri: str) -> None:
        """Forgets a document, and the completions of all others as after a change."""
        self._changes.pop(uri, None)
        self.clear()

    def clear(self) -> None:
        self._all_changes += 1
        self._entries.clear()


def _key(uri: str, around: Surroundings, explicit: bool) -> tuple[str, int, int, int, bool]:
    return uri, around.offset, around.hash_before, around.hash_after, explicit


def _rest(known: _Known, around: Surroundings) -> Completion | None:
    """What is left of a completion that was typed along; None where it was not, or nothing is left."""
    rope = around.rope
    closed = around.characters_after - known.after
    start = rope.moved(around.place, known.before - around.offset)
    if rope.hash_before(start) != known.hash_before:
        return None
    if rope.hash_after(rope.moved(around.place, closed)) != known.hash_after:
        return None
    typed = rope.text(start, around.offset - known.before)
    return typed_along(known.completion, typed, rope.text(around.place, closed))


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
    elif "\n" not in closed and _is_within(closed, rest):
        behind += len(closed)
    else:
        return None
    if not rest:
        return None
    return replace(completion, text=rest.replace("\n", line_end), replaced=(0, behind), source="typed through")


def _is_within(part: str, text: str) -> bool:
    """Whether the characters of `part` stand in `text` in this order."""
    left = iter(text)
    return all(character in left for character in part)
