"""Line ends as the document has them."""

from __future__ import annotations

from ...text import without_line_end
from .hole import Hole


def with_own_line_ends(text: str, hole: Hole) -> str:
    """The line ends of the cursor's line, or of the one above where it has none."""
    lines = hole.document.lines
    for number in (hole.cursor.line, hole.cursor.line - 1):
        if 0 <= number < len(lines):
            end = lines[number][len(without_line_end(lines[number])) :]
            if end:
                return text.replace("\n", end)
    return text
