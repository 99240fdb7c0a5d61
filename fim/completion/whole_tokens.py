"""Half a line, where the time for a text or its tokens ran out."""

from __future__ import annotations

import re

from .brackets import Scanner
from .scope import StopRule

_TOKEN = re.compile(r"\w+|[^\w\s]")
_ENDS = ")]}\"'`;"
_MOST_TRIED = 50


def whole_tokens(text: str, rule: StopRule) -> str:
    """`text` without the half line at its end, if whole ones stand before it; else up to the last word or bracket
    behind which nothing of its own is open. The very last word may be half of one."""
    above, newline, line = text.rpartition("\n")
    if above.strip():
        return above + newline
    tokens = list(_TOKEN.finditer(line))
    if tokens and tokens[-1].end() == len(line) and line[-1] not in _ENDS:
        tokens.pop()
    for token in tokens[: -_MOST_TRIED - 1 : -1]:
        shorter = line[: token.end()]
        if (token[0][0] in _ENDS or token[0][0].isalnum()) and _is_closed(shorter, rule):
            return above + newline + shorter
    return ""


def _is_closed(text: str, rule: StopRule) -> bool:
    scanner = Scanner(rule.syntax, rule.balance.opened)
    closed = scanner.line(text)
    return len(scanner.opened) <= len(rule.balance.opened) and all(one.opened is not None for one in closed)
