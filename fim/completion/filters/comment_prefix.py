"""What each line of a comment starts with."""

from __future__ import annotations

from ...text import indentation, split_lines
from .hole import Hole


def with_comment_prefix(text: str, hole: Hole) -> str:
    """Drops the start of a comment that is there already, and begins further lines of a comment with ` *` where its
    lines do."""
    start = hole.before.strip()
    opened = hole.rule.balance.opened
    in_block = bool(opened) and not opened[-1].is_code and opened[-1].text.startswith("/*")
    has_stars = in_block and start.startswith("*")
    if start and (hole.rule.syntax.is_comment(start) or has_stars):
        text = _without_start(text, start)
    return _with_stars(text, hole) if has_stars else text


def _without_start(text: str, start: str) -> str:
    """`start`: all that stands before the cursor, if that starts a comment and nothing else."""
    written = text.lstrip(" \t")
    behind = written[len(start) : len(start) + 1]
    is_mark = not any(character.isalnum() or character.isspace() for character in start)
    if not is_mark or not written.startswith(start) or behind not in (" ", "\t"):
        return text
    return written[len(start) :].lstrip(" \t")


def _with_stars(text: str, hole: Hole) -> str:
    lines = split_lines(text)
    prefix = indentation(hole.before) + "* "
    for number, line in enumerate(lines):
        if number and not line.strip():
            break
        if number and not line.lstrip().startswith("*"):
            lines[number] = prefix + line.lstrip(" \t")
        if "*/" in line:
            break
    return "".join(lines)
