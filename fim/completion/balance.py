"""What of the brackets, strings and comments that are open at the cursor the text behind it closes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..text import Cursor, Document
from .brackets import Opened, Scanner, columns
from .syntax import OPENERS, Syntax

SCANNED_LINES = 600
"""Of each side of the cursor, at the most: what is open further away is seldom of use."""

_LONGEST_LINE = 2000  # characters that are looked at
_MOST_NESTED = 3  # strings and comments in each other
_DEFINITION = re.compile(r"(?:async|class|def|export|fn|func|function|fun|impl|pub|public|private|protected)\s")
_QUOTES = ('"', "'")  # of strings that seldom go over lines where they may


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What is open at the cursor and what of it is closed behind.

    `before` and `after`: the cursor's line around it. `line_opened`: what is open where that starts, `opened`: at it.
    `needed`: how many of those, the innermost ones, are not closed behind. `held`: with how many of `opened` the
    cursor's statement is over. `wanted`: what is closed behind and nobody opened yet. `statement_columns`: the
    indentation of the line on which the cursor's statement starts. `is_code`: whether the cursor is in no string or
    comment.
    """

    before: str
    after: str
    line_opened: tuple[Opened, ...]
    opened: tuple[Opened, ...]
    needed: int
    held: int
    wanted: tuple[str, ...]
    statement_columns: int
    is_code: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """What the text behind the cursor says of the blocks around it. `text`: what starts the thing that it closes but
    does not open, or empty for a line that closes nothing. `columns`: the indentation, of what is first on its line."""

    text: str
    columns: int | None


def balance_at(document: Document, cursor: Cursor, syntax: Syntax) -> Balance:
    scanner = Scanner(syntax)
    for line in document.lines[_first_line(document, cursor) : cursor.line]:
        scanner.line(line[:_LONGEST_LINE])
    line_opened = tuple(scanner.opened)
    line_depth = len(line_opened)
    before = document.before(cursor)[-_LONGEST_LINE:]
    for closed in scanner.line(before):
        line_depth = min(line_depth, closed.depth)
    opened = tuple(scanner.opened)
    needed, wanted = _missing(scanner, line_depth, document, cursor)
    own = (n for n in range(len(opened) - needed, len(opened)) if n >= line_depth or opened[n].text in "([")
    return Balance(
        before=before,
        after=document.after(cursor)[:_LONGEST_LINE],
        line_opened=line_opened,
        opened=opened,
        needed=needed,
        held=min(own, default=len(opened)),
        wanted=wanted,
        statement_columns=scanner.columns,
        is_code=scanner.is_code and not scanner.in_comment,
    )


def _first_line(document: Document, cursor: Cursor) -> int:
    """Where to start: the furthest line may stand in a string or comment, but hardly one that starts a definition,
    least of all without indentation: docstrings have definitions as examples."""
    start = max(0, cursor.line - SCANNED_LINES)
    indented: int | None = None
    for number in range(start, cursor.line if start else start):
        line = document.lines[number]
        if not line.rstrip().endswith((":", "{")):
            continue
        if line[:1].isalpha():
            return number
        if indented is None and _DEFINITION.match(line.lstrip()):
            indented = number
    return start if indented is None else indented


def _missing(scanner: Scanner, line_depth: int, document: Document, cursor: Cursor) -> tuple[int, tuple[str, ...]]:
    """How many of what is open, the innermost ones, the text behind the cursor does not close, and what it closes that
    nobody opened, the innermost last. `line_depth`: how much is open from the lines above."""
    below = document.lines[cursor.line + 1 : cursor.line + 1 + SCANNED_LINES]
    below = tuple(line[:_LONGEST_LINE] for line in below)
    first = "" if scanner.in_comment else document.after(cursor)[:_LONGEST_LINE]
    inside = list(scanner.opened)
    for index in range(line_depth, len(inside) - 1):  # a string of this line, in which the cursor is in code
        if not inside[index].is_code and not _ends_literal(inside[index], first, ()):
            del inside[index:]
            break
    while inside and not inside[-1].is_code and len(scanner.opened) - len(inside) < _MOST_NESTED:
        rest = () if inside[-1].text in _QUOTES and len(inside) > line_depth else below
        if _ends_literal(inside[-1], first, rest):
            break
        inside.pop()
    ended = len(scanner.opened) - len(inside)
    marks, unfinished = _marks(scanner.syntax, inside, first, below)
    if cursor.line > SCANNED_LINES or len(below) == SCANNED_LINES:
        if len(below) < SCANNED_LINES:
            marks.append(_Mark(text="", columns=0))  # the end of the file
        needed, wanted = _by_indentation(inside, marks, scanner.columns)
        return ended + needed, wanted
    if unfinished is not None:  # it starts in the completion
        marks, _ = _marks(scanner.syntax, [*inside, unfinished], first, below)
    kinds = tuple(mark.text for mark in reversed(marks) if mark.text)
    common = 0
    for own, other in zip(inside, kinds, strict=False):
        if own.text != other:
            break
        common += 1
    return ended + len(inside) - common, kinds[common:]


def _by_indentation(opened: Sequence[Opened], marks: Sequence[_Mark], own: int) -> tuple[int, tuple[str, ...]]:
    """The same where not all of the file is known: the closer of a block is indented as the line that opens it, and all
    that stands in the block further. `own`: the indentation of the cursor's statement."""
    left = len(opened)
    wanted: list[str] = []
    for number, mark in enumerate(marks):
        if mark.columns is not None:
            furthest = mark.columns if mark.text else mark.columns - 1
            while left and opened[left - 1].columns > furthest:
                left -= 1
        innermost = opened[left - 1] if left else None
        if innermost is None:
            if mark.columns is not None and not mark.text and mark.columns > own:
                continue  # the inside of a block that the cursor's statement is to open
            if mark.text and mark.columns == own and number:
                wanted.append(mark.text)
            break
        if not mark.text:
            continue
        if innermost.text == mark.text and mark.columns in (None, innermost.columns):
            break
        wanted.append(mark.text)
    return len(opened) - left, tuple(reversed(wanted))


def _marks(
    syntax: Syntax, inside: Sequence[Opened], first: str, below: Sequence[str]
) -> tuple[list[_Mark], Opened | None]:
    """The marks in the order of the text, and a string or comment that it does not end."""
    scanner = Scanner(syntax, inside)
    depth = len(inside)
    marks: list[_Mark] = []
    for number, line in enumerate((first + "\n", *below)):
        start = line.strip()[:1]
        is_plain = number > 0 and start not in ("", ")", "]", "}") and not syntax.section.match(line.lstrip())
        if is_plain and len(scanner.opened) <= depth and scanner.is_code:
            marks.append(_Mark(text="", columns=columns(line)))
        for closed in scanner.line(line):
            if closed.opened is not None and closed.depth >= depth:
                continue
            text = OPENERS[closed.text] if closed.opened is None else closed.opened.text
            is_first = number > 0 and closed.offset == len(line) - len(line.lstrip())
            marks.append(_Mark(text=text, columns=columns(line) if is_first else None))
            depth = min(depth, closed.depth)
    last = scanner.opened[-1] if len(scanner.opened) > depth else None
    return marks, None if last is None or last.is_code else last


def _ends_literal(opened: Opened, after: str, below: Sequence[str]) -> bool:
    """Whether the text behind the cursor starts within the string or comment: whether it ends there more often than
    it starts."""
    if opened.is_heredoc:
        return any(line.strip() == opened.end for line in below)
    if opened.literal is None:
        return any(opened.end in line for line in (after, *below))
    in_line = _ends(opened, (after,))
    if in_line or not opened.literal.lines:
        return in_line % 2 == 1
    return _ends(opened, below) % 2 == 1


def _ends(opened: Opened, lines: Iterable[str]) -> int:
    assert opened.literal is not None
    count = 0
    for line in lines:
        for found in opened.literal.end.finditer(line):
            count += found.lastgroup == "end"
    return count
