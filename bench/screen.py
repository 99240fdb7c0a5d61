"""An editor's screen while someone types: the text around the cursor, what each key does to it, and the ghost text.

Enter indents, and brackets may close by themselves. Nothing here knows a server or a clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from spans import Span

CLOSERS = {"(": ")", "[": "]", "{": "}"}
LEAST_CHARACTERS = 2
"""Of a text that is worth a key to accept."""

Accepts = Literal["whole", "line", "word"]
_FIRST_WORD = re.compile(r"\s*(?:\w+|[^\w\s]|$)")
_FIRST_LINE = re.compile(r"\n?[^\n]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ghost:
    """Text that is shown at the cursor; accepted, it takes the place of `behind` characters behind the cursor."""

    text: str
    behind: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What keys do: `text` in place of `removed` characters before the cursor and `behind` behind it; `closing` stands
    behind the cursor afterwards. `keys`: how many were pressed."""

    text: str
    removed: int = 0
    behind: int = 0
    closing: str = ""
    keys: int = 1


class Screen:
    """A document in which a span is typed. `before` and `behind` the cursor; `closing`, the first part of what is
    behind it, was put there by the editor."""

    def __init__(self, span: Span, *, auto_close: bool = False) -> None:
        self.target = span.above + span.text
        self.before = span.above
        self.closing = ""
        self._start = len(span.above)
        self._below = span.below
        self._auto_close = auto_close
        self._unit = span.indentation_unit
        self._opens_block = (*CLOSERS, ":") if span.language == "python" else tuple(CLOSERS)
        self._accepted: list[bool] = []

    @property
    def behind(self) -> str:
        return self.closing + self._below

    @property
    def text(self) -> str:
        return self.before + self.behind

    @property
    def position(self) -> tuple[int, int]:
        """The cursor's line and column in code points."""
        return _place_behind(self.before)

    @property
    def is_done(self) -> bool:
        return self.before == self.target and not self.closing

    @property
    def on_course(self) -> bool:
        """Whether all that stands before the cursor is as it will be: not after an indentation that is wrong."""
        return self.target.startswith(self.before)

    @property
    def offset(self) -> int:
        """How much of the span is typed, in characters."""
        return min(len(self.before), len(self.target)) - self._start

    @property
    def retained(self) -> int:
        """Accepted characters that are still there."""
        return sum(self._accepted)

    @property
    def _line(self) -> str:
        return self.before[self.before.rfind("\n") + 1 :]

    @property
    def _next(self) -> str:
        return self.target[len(self.before) :]

    def range_of(self, edit: Edit) -> tuple[tuple[int, int], tuple[int, int]]:
        """The lines and columns between which an edit's text and its closing are put."""
        start = self.before[: len(self.before) - edit.removed]
        return _place_behind(start), _place_behind(self.before + self.behind[: edit.behind])

    def apply(self, edit: Edit, *, is_accepted: bool = False) -> None:
        kept = len(self.before) - edit.removed
        self.before = self.before[:kept] + edit.text
        del self._accepted[kept - self._start :]
        self._accepted += [is_accepted] * len(edit.text)
        self.closing = edit.closing + self.closing[edit.behind :]

    def next_edit(self) -> Edit:
        """What the next key does on the way to the target."""
        if not self.on_course:
            return self._corrected()
        if self.before == self.target or (self._next[0] == "\n" and self.closing.partition("\n")[0]):
            between = self._between_brackets()
            return between or self._without_closing()
        if self._next[0] == "\n":
            return self._over_closing() or Edit(text="\n" + self._indentation())
        key = self._next[0]
        if self.closing.startswith(key):
            return Edit(text=key, behind=1)
        follows = self.behind[:1]
        closes = self._auto_close and key in CLOSERS and (follows.isspace() or follows in CLOSERS.values())
        return Edit(text=key, closing=CLOSERS[key] if closes else "")

    def _corrected(self) -> Edit:
        """From a wrong indentation to the right one. It goes by itself before Enter and a closing bracket."""
        start = len(self.before) - len(self._line)
        line, enter, _ = self.target[start:].partition("\n")
        wanted = line[: len(line) - len(line.lstrip(" \t"))]
        if not line.strip():
            return Edit(text=line + enter + (self._line if enter else ""), removed=len(self._line))
        if line.strip()[0] in CLOSERS.values() and self._line.startswith(wanted):
            return Edit(text=wanted + line.strip()[0], removed=len(self._line))
        levels = round(abs(len(wanted) - len(self._line)) / len(self._unit))
        return Edit(text=wanted, removed=len(self._line), keys=max(1, levels))

    def _indentation(self) -> str:
        """What the editor begins the next line with."""
        line = self._line
        deeper = line.rstrip().endswith(self._opens_block)
        return line[: len(line) - len(line.lstrip(" \t"))] + (self._unit if deeper else "")

    def _between_brackets(self) -> Edit | None:
        """Enter between a bracket and the closing one, which gets a line of its own."""
        opener = self.before[-1:]
        if not self._next or CLOSERS.get(opener) != self.closing[:1]:
            return None
        line = self._line
        own = line[: len(line) - len(line.lstrip(" \t"))]
        return Edit(text="\n" + self._indentation(), closing="\n" + own)

    def _over_closing(self) -> Edit | None:
        """Down to the line of the closing bracket that stands there."""
        stands = re.match(r"\n[ \t]*[)\]}]", self.closing)
        if stands is None or not self._next.startswith(stands[0]):
            return None
        return Edit(text=stands[0], behind=len(stands[0]))

    def _without_closing(self) -> Edit:
        """Deletes what the editor closed and nobody wanted: in a string, or a comment."""
        unwanted = self.closing if self.before == self.target else self.closing.partition("\n")[0]
        return Edit(text="", behind=len(unwanted), keys=len(unwanted))

    def is_right(self, ghost: Ghost) -> bool:
        """Whether, accepted, it makes the text that is to be there."""
        if not self.target.startswith(self.before + ghost.text):
            return False
        return ghost.behind == self._closed_by(ghost.text)

    def starts_right(self, ghost: Ghost) -> bool:
        """Whether its first word, or its first sign, is what comes next."""
        found = _FIRST_WORD.match(ghost.text)
        return found is not None and bool(found[0]) and self.target.startswith(self.before + found[0])

    def acceptable(self, ghost: Ghost, accepts: Accepts) -> Ghost | None:
        """What is accepted of a ghost text: all of it, its first line, its first word, or nothing."""
        for part in _parts(ghost, accepts):
            if len(part.text) >= LEAST_CHARACTERS and self.is_right(part):
                return part
        return None

    def _closed_by(self, text: str) -> int:
        """How much of what the editor closed gives way to a text that closes it."""
        depth, closed = 0, 0
        for sign in text:
            if sign in CLOSERS:
                depth += 1
            elif sign in CLOSERS.values() and depth:
                depth -= 1
            elif sign in CLOSERS.values():
                closed = self.closing.find(sign, closed) + 1 or closed
        return closed


def typed_along(ghost: Ghost, edit: Edit) -> Ghost | None:
    """What is left of a ghost text after a key; None where it disagrees, or all of it is typed."""
    if edit.removed or edit.closing or not ghost.text.startswith(edit.text):
        return None
    left = ghost.text[len(edit.text) :]
    return Ghost(text=left, behind=max(0, ghost.behind - edit.behind)) if left else None


def _place_behind(text: str) -> tuple[int, int]:
    return text.count("\n"), len(text) - text.rfind("\n") - 1


def _parts(ghost: Ghost, accepts: Accepts) -> Iterator[Ghost]:
    yield ghost
    if accepts == "whole":
        return
    for pattern in (_FIRST_LINE, _FIRST_WORD) if accepts == "word" else (_FIRST_LINE,):
        found = pattern.match(ghost.text)
        if found is not None and found[0] != ghost.text:
            yield Ghost(text=found[0])
