"""A middle, as fill-in-the-middle knows it, and the lines, columns and words by which one is chosen.

Knows texts and offsets (code points), and nothing of tokens or of chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["line", "lines", "statement", "span", "reaching", "start", "mid", "symbol", "block"]
"""Which sort of middle its policy drew, by which figures are grouped.

Of training: `line` the rest of a line, `lines` some more, `statement` one with its block, `span` any characters,
`reaching` a name to be copied from far. Of evaluation, the rest of a line: from where a word or symbol starts
(`start`), from where a later one does (`symbol`), from anywhere (`mid`), or behind the indentation (`line`). Of the
context benchmark: a whole `line`, or its rest from the `symbol` that is needed. Of a user's own code: whole a `line`,
a `span` from one word to the end of another, and the `block` below the line that opens it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Middle:
    """`text[start:end]` is to be filled in, between the prefix and the suffix. `needs_suffix`: only the suffix shows
    what."""

    start: int
    end: int
    kind: Kind
    needs_suffix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`text[start:end]`, without its line end."""

    start: int
    end: int


def line_at(text: str, offset: int) -> Line:
    """The line with an offset; only `\\n` ends lines."""
    end = text.find("\n", offset)
    return Line(start=text.rfind("\n", 0, offset) + 1, end=len(text) if end < 0 else end)


def rest_of_line(lines: Sequence[str], number: int, column: int, kind: Kind) -> Middle:
    """What stands from a column (from 0) on in a line (from 1). `lines`: those of the whole text, with their ends."""
    start = sum(map(len, lines[: number - 1]))
    return Middle(start=start + column, end=start + len(lines[number - 1].rstrip("\r\n")), kind=kind)


def indentation(line: str) -> int:
    """Characters of white space that a line begins with: all of them where there is nothing else."""
    return len(line) - len(line.lstrip())


def is_inside_word(text: str, offset: int) -> bool:
    """Whether one word has the characters on both sides of an offset."""
    return _is_word(text[offset]) and _is_word(text[offset - 1])


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
