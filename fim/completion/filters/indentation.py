"""The indentation of the cursor's line, which a model writes again."""

from __future__ import annotations

from ...text import indentation
from ..brackets import columns
from ..indent_style import indent_unit
from .hole import Hole

_USUAL_WIDTH = 4


def without_indentation_again(text: str, hole: Hole) -> str:
    """Drops blanks from the start of the text that bring its line further in than its block is."""
    before, again = hole.before, indentation(text)
    is_text = text[len(again) : len(again) + 1] not in ("", "\n")
    if not (hole.rule.starts_line and before and again and is_text and hole.is_code):
        return text
    if before.endswith(" ") and text[len(again)] == "*":
        return text
    last = next(iter(hole.above(1)), "")
    wanted = _wanted_columns(last, hole)
    if columns(before + again) in (wanted, columns(last)):
        return text
    missing = wanted - columns(before)
    innermost = hole.rule.balance.opened[-1:]
    is_aligned = bool(innermost) and innermost[0].text in "(["
    if again == before or (not is_aligned and (len(again) == 1 or columns(again) > missing)):
        return " " * max(0, missing) * (again[0] == " ") + text[len(again) :]
    return text


def _wanted_columns(last: str, hole: Hole) -> int:
    """Where the text of the cursor's line is to start, below the line `last`."""
    own = columns(hole.before)
    if not hole.rule.blocks.opens(last) or columns(last) < own:
        return own
    unit = indent_unit(hole.document, hole.cursor, hole.rule.blocks)
    return columns(last) + columns(unit or hole.before or " " * _USUAL_WIDTH)
