"""The text of an open document as a rope: short pieces, so that nothing costs more where the text or a line is long.

An edit makes a new rope that shares all other pieces with the old one, which is a snapshot for whoever still has it.
No piece ends between a ``\\r`` and its ``\\n``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from ... import fim
from .positions import Encoding, to_column, to_units

PIECE_CHARACTERS = 8192
_SMALL = PIECE_CHARACTERS // 4
_LINE_END = re.compile(r"\r\n|\n|\r")

Place = tuple[int, int]
"""The number of a piece and an offset in it; the end of the text is (number of pieces, 0)."""


@dataclass(frozen=True, eq=False)
class TextPiece:
    """A part of the text. What is found out about it is kept: it never changes."""

    text: str

    @cached_property
    def line_ends(self) -> int:
        returns = self.text.count("\r")
        pairs = self.text.count("\r\n") if returns else 0
        return self.text.count("\n") + returns - pairs

    @cached_property
    def lines(self) -> list[str]:
        return fim.split_lines(self.text)

    @cached_property
    def is_blank(self) -> bool:
        return not self.text or self.text.isspace()

    @cached_property
    def _units(self) -> dict[Encoding, int]:
        return {}

    def units(self, encoding: Encoding) -> int:
        """The code units of the whole piece, which a position in a long line is counted by."""
        if encoding not in self._units:
            self._units[encoding] = to_units(self.text, len(self.text), encoding)
        return self._units[encoding]


@dataclass(frozen=True, eq=False)
class Rope:
    """A text in pieces, none of them empty."""

    pieces: tuple[TextPiece, ...] = ()

    @cached_property
    def line_ends(self) -> int:
        return sum(piece.line_ends for piece in self.pieces)

    @cached_property
    def characters(self) -> int:
        return sum(len(piece.text) for piece in self.pieces)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines with their ends. This one takes longer for a longer text, and so is not for the event loop."""
        return tuple(self._joined_lines())

    @cached_property
    def as_paragraph(self) -> Rope:
        """The text with an empty line behind it."""
        end = len(self.pieces), 0
        return self.replaced(end, end, "\n\n")

    @cached_property
    def is_blank(self) -> bool:
        return all(piece.is_blank for piece in self.pieces)

    def _joined_lines(self) -> Iterator[str]:
        begun: list[str] = []  # the parts of a line that goes on in the next piece
        for piece in self.pieces:
            whole = piece.lines if piece.text[-1] in "\r\n" else piece.lines[:-1]
            if begun and whole:
                yield "".join([*begun, whole[0]])
                begun.clear()
                yield from whole[1:]
            else:
                yield from whole
            if whole is not piece.lines:
                begun.append(piece.lines[-1])
        if begun:
            yield "".join(begun)

    def place(self, line: int, units: int, encoding: Encoding) -> Place:
        """Where a position of the client is. Beyond a line or the text is its end; before them, its start."""
        number, offset = self._line_start(line)
        units = max(0, units) if line >= 0 else 0
        while number < len(self.pieces):
            piece = self.pieces[number]
            end = _LINE_END.search(piece.text, offset) if piece.line_ends else None
            if end is not None:
                return number, offset + to_column(piece.text[offset : end.start()], units, encoding)
            rest = piece.text[offset:] if offset else piece.text
            there = to_units(rest, len(rest), encoding) if offset else piece.units(encoding)
            if units < there:
                return number, offset + to_column(rest, units, encoding)
            number, offset, units = number + 1, 0, units - there
        return number, offset

    def _line_start(self, line: int) -> Place:
        if line <= 0:
            return 0, 0
        for number, piece in enumerate(self.pieces):
            if line <= piece.line_ends:
                (end,) = islice(_LINE_END.finditer(piece.text), line - 1, line)
                return (number + 1, 0) if end.end() == len(piece.text) else (number, end.end())
            line -= piece.line_ends
        return len(self.pieces), 0

    def before(self, place: Place, limit: int) -> str | None:
        """What stands on a place's line before it; None where that is more than `limit` characters."""
        number, offset = place
        found: list[str] = []
        length = 0
        text = self.pieces[number].text[:offset] if offset else ""
        while length <= limit:
            start = 1 + max(text.rfind("\n"), text.rfind("\r"))
            found.append(text[start:])
            length += len(text) - start
            if start or not number:
                break
            number -= 1
            text = self.pieces[number].text
        return None if length > limit else "".join(reversed(found))

    def after(self, place: Place, limit: int) -> str | None:
        """What stands on a place's line after it, without the line end; None where that is more than `limit`."""
        number, offset = place
        found: list[str] = []
        length = 0
        while number < len(self.pieces) and length <= limit:
            text = self.pieces[number].text
            end = _LINE_END.search(text, offset)
            found.append(text[offset:] if end is None else text[offset : end.start()])
            length += len(found[-1])
            if end is not None:
                break
            number, offset = number + 1, 0
        return None if length > limit else "".join(found)

    def moved(self, place: Place, characters: int) -> Place:
        """The place so many characters further on, or back where they are negative."""
        number, offset = place
        offset += characters
        while offset < 0:
            number -= 1
            offset += len(self.pieces[number].text)
        while number < len(self.pieces) and offset >= len(self.pieces[number].text):
            offset -= len(self.pieces[number].text)
            number += 1
        return number, offset

    def offset(self, place: Place) -> int:
        """How many characters stand before a place."""
        number, offset = place
        return offset + sum(len(piece.text) for piece in self.pieces[:number])

    def text(self, place: Place, characters: int) -> str:
        """So many characters from a place on; fewer where the text ends."""
        number, offset = place
        found: list[str] = []
        while characters > 0 and number < len(self.pieces):
            part = self.pieces[number].text[offset : offset + characters]
            found.append(part)
            characters -= len(part)
            number, offset = number + 1, 0
        return "".join(found)

    def hash_before(self, place: Place) -> int:
        """Equal for equal texts before two places, if the pieces were cut alike."""
        number, offset = place
        texts = [piece.text for piece in self.pieces[:number]]
        return hash((*texts, self.pieces[number].text[:offset] if offset else ""))

    def hash_after(self, place: Place) -> int:
        """The same for what follows."""
        number, offset = place
        texts = [piece.text for piece in self.pieces[number + 1 :]]
        return hash((self.pieces[number].text[offset:] if number < len(self.pieces) else "", *texts))

    def is_blank_before(self, place: Place) -> bool:
        number, offset = place
        if not all(piece.is_blank for piece in self.pieces[:number]):
            return False
        return not offset or self.pieces[number].text[:offset].isspace()

    def replaced(self, start: Place, end: Place, text: str) -> Rope:
        """The rope with `text` in place of what is between two places, in any order."""
        start, end = min(start, end), max(start, end)
        first, last = start[0], min(end[0] + 1, len(self.pieces))
        head = self.pieces[start[0]].text[: start[1]] if start[1] else ""
        tail = self.pieces[end[0]].text[end[1] :] if end[0] < len(self.pieces) else ""
        text = head + text + tail
        if len(text) < _SMALL and last < len(self.pieces):
            text += self.pieces[last].text
            last += 1
        if first and text.startswith("\n") and self.pieces[first - 1].text.endswith("\r"):
            first -= 1
            text = self.pieces[first].text + text
        if last < len(self.pieces) and text.endswith("\r") and self.pieces[last].text.startswith("\n"):
            text += self.pieces[last].text
            last += 1
        return Rope((*self.pieces[:first], *_cut(text), *self.pieces[last:]))


EMPTY = Rope()


def rope_of(text: str) -> Rope:
    return Rope(tuple(_cut(text)))


def _cut(text: str) -> Iterator[TextPiece]:
    """Pieces of about the same length, so that one that grows is seldom cut again; at line ends where there are."""
    count = -(-len(text) // PIECE_CHARACTERS)
    length = -(-len(text) // count) if count else 0
    start = 0
    while len(text) - start > PIECE_CHARACTERS:
        end = start + length
        after_line = text.rfind("\n", start + length // 2, end) + 1
        end = after_line or end
        if text[end - 1] == "\r" and text[end] == "\n":
            end += 1
        yield TextPiece(text[start:end])
        start = end
    if start < len(text):
        yield TextPiece(text[start:])
