"""Documents and cursors: lines of code points, with no encoding and no file behind them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .languages import Language

_STRETCH_LINES = 500
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")


def split_lines(text: str) -> list[str]:
    """The lines of `text`, each with its line end; joined they are `text` again.

    Only ``\\r\\n``, ``\\n`` and ``\\r`` end a line (LSP 3.17, "Text Documents"). `str.splitlines` also splits at
    form feeds, U+2028 and others, which puts every later edit on the wrong line.
    """
    return _LINE.findall(text)


def without_line_end(line: str) -> str:
    return line.rstrip("\r\n")


def with_newline(line: str) -> str:
    """`line` as the model reads it: any line end becomes ``\\n``."""
    body = without_line_end(line)
    return body if len(body) == len(line) else body + "\n"


def with_newlines(text: str) -> str:
    """The same for any text."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def stretches(lines: Iterable[str]) -> Iterator[str]:
    """The lines joined, some hundred at a time: an expression that searches all of a long file in one go lets no other
    thread run meanwhile."""
    left = iter(lines)
    stretch = list(islice(left, _STRETCH_LINES))
    while stretch:
        yield "".join(stretch)
        stretch = list(islice(left, _STRETCH_LINES))


def indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A place between two characters: zero-based line, column in code points."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A snapshot of a file as the editor shows it.

    `path` is relative to the workspace, with forward slashes. `lines` carry their line ends; a text that is
    empty or ends with a line end has one more, empty, line than there are entries here.
    """

    path: str
    language: Language | None
    lines: tuple[str, ...]

    def line(self, number: int) -> str:
        """The line without its line end; empty beyond the last one."""
        return without_line_end(self.lines[number]) if number < len(self.lines) else ""

    def before(self, cursor: Cursor) -> str:
        """What stands on the cursor's line before it."""
        return self.line(cursor.line)[: cursor.column]

    def after(self, cursor: Cursor) -> str:
        """What stands on the cursor's line after it, without the line end."""
        return self.line(cursor.line)[cursor.column :]

    def following_lines(self, cursor: Cursor) -> tuple[str, ...]:
        return self.lines[cursor.line + 1 :]
