"""Last lines that open a block and have nothing in it."""

from __future__ import annotations

from ...text import split_lines
from ..scope import StopRule
from .hole import Hole


def without_open_end(text: str, hole: Hole) -> str:
    """Drops them, where the model may go on over several lines."""
    rule = hole.rule
    if rule.one_line or not text.strip():
        return text
    lines = split_lines(text.rstrip())
    blanks = text[len(text.rstrip()) :]
    length = len(lines)
    while length > 1 and not rule.balance.wanted and (not lines[length - 1].strip() or _opens(lines[length - 1], rule)):
        length -= 1
    return text.rstrip() + blanks if length == len(lines) else "".join(lines[:length])


def _opens(line: str, rule: StopRule) -> bool:
    return rule.blocks.opens(line) and not rule.syntax.is_comment(line)
