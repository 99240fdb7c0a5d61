"""Indentation as the document has it: tabs, or blanks of one width."""

from __future__ import annotations

from collections.abc import Callable

from ...text import indentation, split_lines
from ..brackets import columns
from ..indent_style import TAB, indent_unit, opens_block
from .hole import Hole, starts_in_code

_WIDTHS = (4, 2, 8)


def with_own_indentation(text: str, hole: Hole) -> str:
    """Indents the lines as the document does, where the model took another way.

    That is told from the first of them that is indented: the lines before it stay as they are, whatever follows.
    """
    lines = split_lines(text)
    behind = 1 if hole.before else 0
    first = next((number for number, line in enumerate(lines) if number >= behind and _is_indented(line)), None)
    if first is None:
        return text
    unit = indent_unit(hole.document, hole.cursor, hole.rule.blocks)
    if unit is None:
        return text
    change = _change(lines, first, unit, hole)
    if change is None:
        return text
    in_code = starts_in_code(text, hole)
    for number in range(first, len(lines)):
        indent = indentation(lines[number])
        if in_code[number] and indent:
            lines[number] = change(indent) + lines[number][len(indent) :]
    return "".join(lines)


def _is_indented(line: str) -> bool:
    return line[:1] in (" ", TAB) and line.strip() != ""


def _change(lines: list[str], first: int, unit: str, hole: Hole) -> Callable[[str], str] | None:
    """From the model's indentation to the document's; None where it is the same, or nobody can tell."""
    indent = indentation(lines[first])
    if TAB in indent:
        return None if unit == TAB else lambda found: unit * found.count(TAB) + found.replace(TAB, "")
    above = next((line for line in reversed(lines[:first]) if line.strip()), "")
    if not above:
        above = hole.before if hole.before.strip() else next(iter(hole.above(1)), "")
    # The line that opens a block may be further in than the statement that it belongs to.
    own, odd = divmod(_columns_of_statement(hole), columns(unit))
    if odd or (own and sum(map(bool, map(str.strip, lines[:first]))) > 1):
        return None
    width = _width(len(indent), own, opens_block(above, hole.rule.blocks), unit)
    return None if width is None else lambda found: unit * (len(found) // width) + " " * (len(found) % width)


def _columns_of_statement(hole: Hole) -> int:
    if hole.before.strip():
        return max(0, hole.rule.balance.statement_columns)
    return columns(hole.before or next(iter(hole.above(1)), ""))


def _width(size: int, own: int, opens: bool, unit: str) -> int | None:
    """How many blanks the model takes for a level, if a line of `size` blanks is one further in than the level `own`,
    where a block opens, or else near it; None where the document takes as many, or that may be an alignment."""
    if unit != TAB and (not opens or size in (own * len(unit), (own + 1) * len(unit))):
        return None
    for level in (own + 1,) if opens else (own, own + 1, own - 1):
        for width in _WIDTHS:
            if level > 0 and size == level * width:
                return width
    return None
