"""The documents that are open in the editor, and what is around a cursor in one.

Nothing here takes longer where the document or one of its lines is longer: the event loop does it for every key.
"""

from __future__ import annotations

from dataclasses import dataclass

from .positions import Encoding
from .rope import Rope, rope_of

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
class Surroundings:
    """A cursor in a document as it is at one moment: its line, and what stands on it `before` and `after`.

    `above` and `below` are hashes of the lines above and below; `is_first_text`: those above are blank, or none.
    """

    rope: Rope
    line: int
    before: str
    after: str
    above: int
    below: int
    is_first_text: bool

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
    def lines(self) -> tuple[str, ...]:
        """A snapshot of the lines with their ends; joined they are the text. Any thread may ask, but for the event
        loop's: this takes longer for a longer document."""
        return self._rope.lines

    def around(self, line: int, units: int, encoding: Encoding) -> Surroundings | None:
        """What is around a client's position; None where the document has no such line. Raises `TooLarge`."""
        rope = self._rope
        if line > rope.line_ends:
            return None
        if rope.characters > MAX_CHARACTERS or rope.line_ends > MAX_LINES:
            raise TooLarge(f"documents of more than {MAX_CHARACTERS:,} characters or {MAX_LINES:,} lines")
        place = rope.place(line, units, encoding)
        before, after = rope.before(place, MAX_LINE_CHARACTERS), rope.after(place, MAX_LINE_CHARACTERS)
        if before is None or after is None or len(before) + len(after) > MAX_LINE_CHARACTERS:
            raise TooLarge(f"lines of more than {MAX_LINE_CHARACTERS:,} characters")
        start, end = rope.moved(place, -len(before)), rope.moved(place, len(after))
        return Surroundings(
            rope=rope,
            line=max(0, line),
            before=before,
            after=after,
            above=rope.hash_before(start),
            below=rope.hash_after(end),
            is_first_text=rope.is_blank_before(start),
        )

    def apply(self, change: Change, encoding: Encoding) -> None:
        """Applies one change. Places beyond a line or the document are its end."""
        if change.start is None or change.end is None:
            self._rope = rope_of(change.text)
            return
        start = self._rope.place(*change.start, encoding)
        end = start if change.end == change.start else self._rope.place(*change.end, encoding)
        self._rope = self._rope.replaced(start, end, change.text)


def _shortened(line: str) -> str:
    body = line.rstrip("\r\n")
    return line if len(line) <= MAX_LINE_CHARACTERS else body[:MAX_LINE_CHARACTERS] + line[len(body) :]
