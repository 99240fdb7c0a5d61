"""A space before the cursor, and another one at the start of the text."""

from __future__ import annotations

import re

from .hole import Hole

_NUMBER = re.compile(r"-?\d[\d._]{0,30}")


def without_double_space(text: str, hole: Hole) -> str:
    """Drops blanks from the start of the text behind a blank, unless they align it with a line next to it."""
    before, rest = hole.before, text.lstrip(" \t")
    if rest == text or hole.in_string or not before.strip() or not before.endswith((" ", "\t")):
        return text
    if rest[:1] in ("", "\n") or hole.rule.syntax.is_comment(rest):
        return text
    column = len(before) + len(text) - len(rest)
    number = _NUMBER.match(rest)
    neighbours = [*hole.above(1), *hole.below()[:1]]
    for line in neighbours:
        starts = _is_start(line, column)
        if starts or (number is not None and _ends_number(line, column + number.end())):
            return text
    return rest


def _is_start(line: str, column: int) -> bool:
    """Whether something starts at a column, behind several blanks."""
    return line[column - 2 : column].isspace() and line[column : column + 1].strip() != ""


def _ends_number(line: str, column: int) -> bool:
    return line[column - 1 : column].isdigit() and not line[column : column + 1].isalnum()
