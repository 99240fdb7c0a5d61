"""Where a user's own repository is measured, in any language: whole lines, spans, and blocks."""

from __future__ import annotations

import random
from collections.abc import Iterator, Set
from dataclasses import dataclass

from ... import fim
from .any_language import code_lines_of
from .middle import Kind, Line, Middle, indentation, is_inside_word, line_at

OWN_KINDS: tuple[Kind, ...] = ("line", "span", "block")

_SHORTEST_CHARACTERS = 5
_LONGEST_LINE_CHARACTERS = 160
_SPAN_LINES = 3
# A cursor amid a line stands most often before what is still to be typed of it.
_ENDING_WITH_LINE = 0.5
_SHORTEST_SPAN_CHARACTERS = 3
_BLOCK_LINES = range(2, 13)
# Behind a line that ends with one of these, deeper lines only go on with it.
_CONTINUED = tuple("([,=+-*/.&|\\<")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file to draw from, its lines ended by `\\n`. `code_lines`: the numbers (from 0) of those that are code."""

    path: str
    language: fim.Language
    text: str
    lines: tuple[Line, ...]
    code_lines: frozenset[int]


def source_of(path: str, language: fim.Language, text: str) -> Source:
    lines: list[Line] = []
    start = 0
    while start <= len(text):
        line = line_at(text, start)
        lines.append(line)
        start = line.end + 1
    return Source(
        path=path, language=language, text=text, lines=tuple(lines), code_lines=code_lines_of(text, language.name)
    )


def draw_own(source: Source, kind: Kind, among: Set[int], draw: random.Random) -> Middle | None:
    """A middle of one of `OWN_KINDS` that begins in one of the lines (numbers from 0) and has no other line of code
    than these, each as likely as another; None where there is none.

    A line is cut from behind its indentation. A span begins at a later word or symbol: half of them end with the line,
    the others behind a word or symbol of it or of the next two. A block is what is indented under a line that opens
    one: 2 to 12 lines.
    """
    numbers = sorted(among & source.code_lines)
    draw.shuffle(numbers)
    ends_with_line = draw.random() < _ENDING_WITH_LINE
    for number in numbers:
        middles = list(_middles(source, kind, number, among, ends_with_line=ends_with_line))
        if middles:
            return draw.choice(middles)
    return None


def lines_of(source: Source, middle: Middle) -> range:
    """The numbers of the lines that a middle is in."""
    first = source.text.count("\n", 0, middle.start)
    return range(first, first + source.text.count("\n", middle.start, middle.end) + 1)


def _middles(source: Source, kind: Kind, number: int, among: Set[int], *, ends_with_line: bool) -> Iterator[Middle]:
    line = _content(source, number)
    if not _SHORTEST_CHARACTERS <= line.end - line.start <= _LONGEST_LINE_CHARACTERS:
        return
    if kind == "line":
        yield Middle(start=line.start, end=line.end, kind=kind)
    elif kind == "span":
        yield from _spans(source, number, among, ends_with_line=ends_with_line)
    else:
        yield from _blocks(source, number, among)


def _content(source: Source, number: int) -> Line:
    """A line without its indentation and the blanks at its end."""
    line = source.lines[number]
    content = source.text[line.start : line.end]
    start = line.start + indentation(content)
    return Line(start=start, end=max(start, line.start + len(content.rstrip())))


def _spans(source: Source, number: int, among: Set[int], *, ends_with_line: bool) -> Iterator[Middle]:
    text = source.text
    first = _content(source, number)
    ends: list[int] = []
    for other in range(number, min(number + _SPAN_LINES, len(source.lines))):
        if other != number and other not in among & source.code_lines:
            break
        line = _content(source, other)
        ends += [end for end in range(line.start + 1, line.end + 1) if _is_word_end(text, end)]
    if ends_with_line:
        ends = [first.end]
    for start in range(first.start + 1, first.end):
        if text[start].isspace() or is_inside_word(text, start):
            continue
        for end in ends:
            if end - start >= _SHORTEST_SPAN_CHARACTERS:
                yield Middle(start=start, end=end, kind="span")


def _is_word_end(text: str, end: int) -> bool:
    if text[end - 1].isspace():
        return False
    return end == len(text) or not is_inside_word(text, end)


def _blocks(source: Source, number: int, among: Set[int]) -> Iterator[Middle]:
    """The block whose first line this is, below the line that opens it."""
    lines = [source.text[line.start : line.end] for line in source.lines[max(0, number - 1) : number + 14]]
    if number == 0 or not lines[0].strip() or lines[0].rstrip().endswith(_CONTINUED):
        return
    own = indentation(lines[0])
    last = 0
    for place, content in enumerate(lines[1:], 1):
        if content.strip() and indentation(content) <= own:
            break
        if content.strip():
            last = place
    else:
        if number + 14 <= len(source.lines):
            return  # it does not end here
    covered = range(number, number + last)
    if last in _BLOCK_LINES and not any(other in source.code_lines and other not in among for other in covered):
        yield Middle(start=_content(source, number).start, end=_content(source, number + last - 1).end, kind="block")
