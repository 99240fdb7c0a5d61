"""Lines such as ```python, between which chat models write code."""

from __future__ import annotations

import re

from ...text import split_lines
from .hole import Hole, starts_in_code

_FENCE = re.compile(r"[ \t]{0,99}(?:```|~~~)[\w+#.-]{0,20}\s*\Z")


def without_fences(text: str, hole: Hole) -> str:
    """What stands between fences, or before one that ends it."""
    if not hole.is_code or ("```" not in text and "~~~" not in text):
        return text
    lines = split_lines(text)
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if _FENCE.match(lines[first]):
        lines = lines[first + 1 :]
    in_code = starts_in_code("".join(lines), hole)
    for number, line in enumerate(lines):
        if in_code[number] and _FENCE.match(line):
            return "".join(lines[:number])
    return "".join(lines)
