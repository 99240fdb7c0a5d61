"""How a document is indented."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ..text import Cursor, Document, indentation

TAB = "\t"
_NEAR_LINES = 200  # of each side of the cursor
_ENOUGH_LINES = 3
_FEW = 0.05  # of lines may be indented otherwise
_WIDTHS = (2, 3, 4, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndentStyle:
    """`unit`: what a line is further in than the one that opens its block: a tab, or so many blanks."""

    unit: str

    @property
    def has_tabs(self) -> bool:
        return self.unit == TAB


def indent_style(document: Document, cursor: Cursor) -> IndentStyle | None:
    """The style of the lines around the cursor; None where they have none, or several."""
    counts: Counter[str] = Counter()
    widths: Counter[int] = Counter()
    last = 0
    for line in _near(document, cursor):
        indent = indentation(line)
        if indent[:1]:
            counts[indent[0]] += not (indent == " " or line[len(indent)] == "*")
        if TAB not in indent:
            widths[len(indent) - last] += 1
            last = len(indent)
    spaces, tabs = counts[" "], counts[TAB]
    if max(spaces, tabs) < _ENOUGH_LINES or min(spaces, tabs) > _FEW * (spaces + tabs):
        return None
    if tabs > spaces:
        return IndentStyle(unit=TAB)
    width = max(_WIDTHS, key=lambda width: widths[width])
    return IndentStyle(unit=" " * width) if widths[width] else None


def _near(document: Document, cursor: Cursor) -> Iterator[str]:
    first = max(0, cursor.line - _NEAR_LINES)
    for number in range(first, min(len(document.lines), cursor.line + _NEAR_LINES)):
        if document.lines[number].strip() or number == cursor.line:
            yield document.lines[number]
