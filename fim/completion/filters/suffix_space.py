"""The space between a completion and what stands behind it on the line."""

from __future__ import annotations

import re

from ..brackets import Scanner
from .hole import Hole

_CLOSING = ")]}"
_NEVER_APART = ",;."
_QUOTES = "\"'`"
_LAST_WORD = re.compile(r"(?<!\w)\w{1,99}\Z")
_FIRST_WORD = re.compile(r"\w{1,99}")
_LONGEST_STRING_PREFIX = 3


def with_space_for_suffix(text: str, hole: Hole) -> str:
    """Drops blanks at the end, but for the space that keeps two words apart, and for a line of its own of what stands
    behind."""
    body, after = text.rstrip(), hole.after
    blanks = text[len(body) :]
    if "\n" in blanks and after.strip():
        return text
    if not body or not after.strip() or after[0].isspace() or after[0] in _NEVER_APART:
        return body
    if after[0] in _CLOSING:
        return body + blanks[:1] * hole.before.endswith(" ")
    if blanks and (after[0] not in _QUOTES or not _ends_in_string(body, hole)):
        return body + blanks
    return body + " " if _sticks(body, after, hole) else body


def _ends_in_string(body: str, hole: Hole) -> bool:
    scanner = Scanner(hole.rule.syntax, hole.rule.balance.opened)
    scanner.line(body)
    return bool(scanner.opened) and not scanner.opened[-1].is_code


def _sticks(body: str, after: str, hole: Hole) -> bool:
    """Whether two words would become one that is none."""
    last = _LAST_WORD.search(body)
    if last is None or not hole.before[-1:].isspace():
        return False
    if after[0] in _QUOTES:
        return hole.is_code and len(last[0]) > _LONGEST_STRING_PREFIX
    first = _FIRST_WORD.match(after)
    if first is None:
        return after[0] == "$"
    return not any(last[0] + first[0] in line for line in hole.document.lines)
