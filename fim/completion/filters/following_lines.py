"""Lines behind the cursor that a model writes too."""

from __future__ import annotations

from ...text import split_lines, without_line_end
from .hole import Hole


def without_following_lines(text: str, hole: Hole) -> str:
    """Drops last lines that the document already has just after the cursor; what ends a block ends the completion's.

    A text that says the next line and no more is nothing, unless the line above says it too, as in a table.
    """
    following = hole.below()
    lines = split_lines(text)
    written = [without_line_end(line).rstrip() for line in lines]
    for length in range(min(len(lines) - 1, len(following)), 0, -1):
        if written[-length:] == following[:length] and not hole.rule.blocks.closes(following[0]):
            return "".join(lines[:-length])
    return "" if _is_there(text, following, hole) else text


def _is_there(text: str, following: list[str], hole: Hole) -> bool:
    """Whether `text`, on a line of its own, is what the next lines say."""
    if not hole.rule.starts_line or hole.after.strip():
        return False
    written = [line.rstrip() for line in split_lines(hole.before + text) if line.strip()]
    if not written or written != following[: len(written)]:
        return False
    is_row = not any(character.isalpha() for character in written[0]) or written[-1:] == hole.above(1)
    return not is_row and not hole.rule.blocks.closes(written[0])
