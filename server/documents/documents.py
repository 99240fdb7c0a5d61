"""The documents that are open in the editor, and what is around a cursor in one.

Nothing here takes longer where the document or one of its lines is longer: the event loop does it for every key.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from .edits import Edit
from .positions import Encoding
from .rope import EMPTY, Place, Rope, rope_of

# VS Code, too, leaves lines from 20,000 characters on alone (editor.maxTokenizationLineLength).
MAX_LINE_CHARACTERS = 20_000
MAX_LINES = 100_000
MAX_CHARACTERS = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """New text for the part between two places, each (line, units of the encoding); for all where they are None."""

    text: str
    start: tuple[int, int] | None = None
    end: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAround:
    """All the text before and behind a cursor, by its length in characters and its hash."""

    before: int
    hash_before: int
    after: int
    hash_after: int

    def inserted_in(self, rope: Rope) -> str | None:
        """What a document has at the cursor by now; None where the text around it is another one."""
        characters = rope.characters - self.after - self.before
        if characters < 0:
            return None
        start = rope.moved((0, 0), self.before)
        if rope.hash_before(start) != self.hash_before:
            return None
        if rope.hash_after(rope.moved(start, characters)) != self.hash_after:
            return None
        return rope.text(start, characters)


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """A cursor in a document as it is at one moment: its place, its line, and what stands on that `before` and `after`.

    `is_first_text`: the lines above are blank, or none.
    """

    rope: Rope
    place: Place
    line: int
    before: str
    after: str
    is_first_text: bool

    @cached_property
    def offset(self) -> int:
        """Characters of the text before the cursor."""
        return self.rope.offset(self.place)

    @cached_property
    def text(self) -> TextAround:
        return TextAround(
            before=self.offset,
            hash_before=self.rope.hash_before(self.place),
            after=self.rope.characters - self.offset,
            hash_after=self.rope.hash_after(self.place),
        )

    @property
    def line_end(self) -> str:
        """How the line above ends, or else the cursor's own."""
        ends = self.rope.text(self.rope.moved(self.place, -min(self.offset, len(self.before) + 2)), 2)
        ends += self.rope.text(self.rope.moved(self.place, len(self.after)), 2)
        return "\r\n" if "\r\n" in ends else "\n"

    def inserted(self, text: str, *, replacing: tuple[int, int] = (0, 0)) -> Surroundings | None:
        """The cursor behind `text` once it is inserted, and so many characters before and behind the cursor gave way;
        None where the line is too long by then."""
        start, end = self.rope.moved(self.place, -replacing[0]), self.rope.moved(self.place, replacing[1])
        first = self.rope.offset(start)
        rope = self.rope.replaced(start, end, text)
        try:
            return _around(rope, rope.moved((0, 0), first + len(text)), self.line + rope_of(text).line_ends)
        except TooLarge:
            return None

    def lines(self) -> tuple[str, ...]:
        """The lines with their ends, for the device's thread; of an overlong one, which no prompt has room for, only
        the start, so that nothing that looks at a line takes long."""
        lines = self.rope.lines
        if max(map(len, lines), default=0) <= MAX_LINE_CHARACTERS:
            return lines
        return tuple(map(_shortened, lines))


class TooLarge(Exception):
    """A document, or a line, that is not completed in: no one wrote it by hand, and it would hold all else up."""


class OpenDocument:
    """One document as the editor has it."""

    def __init__(self, text: str, *, language_id: str, version: int = 0) -> None:
        self.language_id = language_id
        self.version = version
        self._rope = rope_of(text)

    @property
    def rope(self) -> Rope:
        return self._rope

    @property
    def lines(self) -> tuple[str, ...]:
        """A snapshot of the lines with their ends; joined they are the text. Any thread may ask, but for the event
        loop's: this takes longer for a longer document."""
        return self._rope.lines

    def around(
        self, line: int, units: int, encoding: Encoding, *, above: Rope = EMPTY, below: Rope = EMPTY
    ) -> Surroundings | None:
        """What is around a client's position; None where the document has no such line. Raises `TooLarge`.

        `above`, `below`: whole lines that stand around the document, in the text of which it is a part.
        """
        rope = self._rope
        if line > rope.line_ends:
            return None
        if rope.characters > MAX_CHARACTERS or rope.line_ends > MAX_LINES:
            raise TooLarge(f"documents of more than {MAX_CHARACTERS:,} characters or {MAX_LINES:,} lines")
        if line < 0:
            line, units = 0, 0
        rope, line = self.within(above, below), above.line_ends + line
        return _around(rope, rope.place(line, units, encoding), line)

    def within(self, above: Rope, below: Rope) -> Rope:
        """The text in which the document stands between whole lines."""
        if not above.pieces and not below.pieces:
            return self._rope
        own = self._rope.as_paragraph if below.pieces else self._rope
        return Rope((*above.pieces, *own.pieces, *below.pieces))

    def apply(self, change: Change, encoding: Encoding) -> Edit:
        """Applies one change. Places beyond a line or the document are its end."""
        before = self._rope
        if change.start is None or change.end is None:
            self._rope = rope_of(change.text)
            return Edit(before=before, start=0, removed=before.characters, text=change.text)
        start = before.place(*change.start, encoding)
        end = start if change.end == change.start else before.place(*change.end, encoding)
        self._rope = before.replaced(start, end, change.text)
        first, last = sorted((before.offset(start), before.offset(end)))
        return Edit(before=before, start=first, removed=last - first, text=change.text)


def _around(rope: Rope, place: Place, line: int) -> Surroundings:
    before, after = rope.before(place, MAX_LINE_CHARACTERS), rope.after(place, MAX_LINE_CHARACTERS)
    if before is None or after is None or len(before) + len(after) > MAX_LINE_CHARACTERS:
        raise TooLarge(f"lines of more than {MAX_LINE_CHARACTERS:,} characters")
    return Surroundings(
        rope=rope,
        place=place,
        line=line,
        before=before,
        after=after,
        is_first_text=rope.is_blank_before(rope.moved(place, -len(before))),
    )


def _shortened(line: str) -> str:
    body = line.rstrip("\r\n")
    return line if len(line) <= MAX_LINE_CHARACTERS else body[:MAX_LINE_CHARACTERS] + line[len(body) :]
