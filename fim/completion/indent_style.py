"""How a document is indented."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..languages import Blocks
from ..text import Cursor, Document, indentation

TAB = "\t"
_NEAR_LINES = 200  # of each side of the cursor
_ENOUGH_LINES = 3
_ENOUGH_BLOCKS = 2
_FEW = 0.05  # of lines may be indented otherwise, and of blocks have another width
_WIDTHS = (2, 3, 4, 8)


def indent_unit(document: Document, cursor: Cursor, blocks: Blocks) -> str | None:
    """What a line is further in than the one that opens its block: a tab, or so many blanks. None where the lines
    around the cursor do not say so with one voice."""
    counts: Counter[str] = Counter()
    widths: Counter[int] = Counter()
    opens, last = False, 0
    for line in _near(document, cursor):
        indent = indentation(line)
        if indent and indent != " " and line[len(indent) : len(indent) + 1] != "*":
            counts[indent[0]] += 1
        if opens and TAB not in indent:
            widths[len(indent) - last] += 1
        opens, last = opens_block(line, blocks), len(indent)
    spaces, tabs = counts[" "], counts[TAB]
    if max(spaces, tabs) < _ENOUGH_LINES or min(spaces, tabs) > _FEW * (spaces + tabs):
        return None
    if tabs > spaces:
        return TAB
    width = max(_WIDTHS, key=lambda width: widths[width])
    others = sum(count for other, count in widths.items() if other > 0 and other != width)
    if widths[width] < _ENOUGH_BLOCKS or others > _FEW * widths[width]:
        return None
    return " " * width


def opens_block(line: str, blocks: Blocks) -> bool:
    """Whether the next line is further in by a unit; behind a bracket, it may be anywhere."""
    return blocks.opens(line) and not line.rstrip().endswith(("(", "["))


def _near(document: Document, cursor: Cursor) -> Iterator[str]:
    """The lines with text, and the cursor's own."""
    first = max(0, cursor.line - _NEAR_LINES)
    for number in range(first, min(len(document.lines), cursor.line + _NEAR_LINES)):
        if document.lines[number].strip() or number == cursor.line:
            yield document.lines[number]
