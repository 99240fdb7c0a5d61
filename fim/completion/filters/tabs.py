"""Indentation as the document has it: tabs, or blanks of one width."""

from __future__ import annotations

from collections.abc import Callable

from ...text import indentation, split_lines
from ..indent_style import TAB, IndentStyle, indent_style
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
    style = indent_style(hole.document, hole.cursor)
    if style is None:
        return text
    change = _change(lines, first, style, hole)
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


def _change(lines: list[str], first: int, style: IndentStyle, hole: Hole) -> Callable[[str], str] | None:
    """From the model's indentation to the document's; None where it is the same, or nobody can tell."""
    indent = indentation(lines[first])
    if TAB in indent:
        if style.has_tabs:
            return None
        return lambda found: style.unit * found.count(TAB) + found.replace(TAB, "")
    above = hole.before if hole.before.strip() else next(iter(hole.above(1)), "")
    own = _level(indentation(hole.before or above), style)
    written = [line for line in lines[:first] if line.strip()]
    if own is None or (own and len(written) > 1):
        return None
    last = written[-1] if written else above
    width = _width(len(indent), own, hole.rule.blocks.opens(last) and not last.rstrip().endswith(("(", "[")), style)
    if width is None:
        return None
    return lambda found: style.unit * (len(found) // width) + " " * (len(found) % width)


def _level(indent: str, style: IndentStyle) -> int | None:
    """How many units an indentation has; None where it is no multiple of one."""
    levels = len(indent) // len(style.unit)
    return levels if indent == style.unit * levels else None


def _width(size: int, own: int, opens: bool, style: IndentStyle) -> int | None:
    """How many blanks the model takes for a level, if a line of `size` blanks is one further in than the level `own`,
    where a block opens, or else near it; None where the document takes as many, or that may be an alignment."""
    if not style.has_tabs and (not opens or size in (own * len(style.unit), (own + 1) * len(style.unit))):
        return None
    for level in (own + 1,) if opens else (own, own + 1, own - 1):
        for width in _WIDTHS:
            if level > 0 and size == level * width:
                return width
    return None
