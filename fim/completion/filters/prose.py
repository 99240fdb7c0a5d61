"""What a chat model says before the code and behind it."""

from __future__ import annotations

import re

from ...text import split_lines
from .hole import Hole, starts_in_code

_BEFORE = re.compile(
    r"(?:(?:sure|certainly|of course|okay)\b[!,.:]"
    r"|(?:here(?:'s| is| are)|below is|the (?:complete|missing|rest|next)|to complete|i(?:'ve|'ll| have| will))\b"
    r"[^\n]{0,300}[:.!][ \t]{0,9}\n)",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"(?:explanation:|i hope\b|let me know\b|note that\b"
    r"|(?:this|the (?:above|completed)) (?:code|function|method|class|completion|implementation)\b"
    r"|in this (?:code|example|function|implementation)\b)[^\n]{0,300}[a-z.:!]\s",
    re.IGNORECASE,
)


def without_prose(text: str, hole: Hole) -> str:
    """Drops sentences that announce code, at the start of the text, and ends it at one that explains it."""
    if not hole.is_code:
        return text
    lines = split_lines(text)
    start = 0
    while start < len(lines) and (not lines[start].strip() or _BEFORE.match(lines[start].lstrip())):
        start += 1
    if not any(line.strip() for line in lines[:start]):
        start = 0
    in_code: list[bool] = []
    for number, line in enumerate(lines[start:], start):
        if number > start and _BEHIND.match(line):
            in_code = in_code or starts_in_code("".join(lines[start:]), hole)
            if in_code[number - start]:
                return "".join(lines[start:number])
    return "".join(lines[start:])
