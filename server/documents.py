"""The documents that are open in the editor, as lists of lines.

A keystroke replaces one line. The text as a whole is never joined or split again, so its cost does not grow with
the file.
"""

from __future__ import annotations

from dataclasses import dataclass

from .. import fim
from .positions import Encoding, to_column


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """New text for the part between two places, each (line, units of the encoding); for all where they are None."""

    text: str
    start: tuple[int, int] | None = None
    end: tuple[int, int] | None = None


class OpenDocument:
    """One document as the editor has it."""

    def __init__(self, text: str, *, language_id: str, version: int = 0) -> None:
        self.language_id = language_id
        self.version = version
        self._lines = fim.split_lines(text)

    @property
    def lines(self) -> tuple[str, ...]:
        """A snapshot of the lines with their ends; joined they are the text."""
        return tuple(self._lines)

    def column(self, line: int, units: int, encoding: Encoding) -> int:
        """The column in code points of a client's position; see `to_column`."""
        return to_column(self._body(line), units, encoding)

    def apply(self, change: Change, encoding: Encoding) -> None:
        """Applies one change. Places beyond a line or the document are its end."""
        if change.start is None or change.end is None:
            self._lines = fim.split_lines(change.text)
            return
        start, end = self._place(change.start, encoding), self._place(change.end, encoding)
        start, end = min(start, end), max(start, end)
        first, after = start[0], min(end[0] + 1, len(self._lines))
        text = self._line(start[0])[: start[1]] + change.text + self._line(end[0])[end[1] :]
        # What was apart may now be one line: a \r and a \n that meet, or a last line that has lost its end.
        if first and (first == len(self._lines) or text.startswith("\n") or not text):
            before = self._line(first - 1)
            if not before.endswith("\n"):
                first, text = first - 1, before + text
        if after < len(self._lines) and not text.endswith("\n"):
            text, after = text + self._line(after), after + 1
        self._lines[first:after] = fim.split_lines(text)

    def _place(self, place: tuple[int, int], encoding: Encoding) -> tuple[int, int]:
        line, units = place
        if line >= len(self._lines):
            return len(self._lines), 0
        return max(0, line), to_column(self._body(line), units, encoding) if line >= 0 else 0

    def _line(self, number: int) -> str:
        return self._lines[number] if number < len(self._lines) else ""

    def _body(self, number: int) -> str:
        return self._line(number).rstrip("\r\n")
