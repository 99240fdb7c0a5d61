"""What stands behind the cursor on its line, and a model writes too."""

from __future__ import annotations

from ...text import split_lines
from ..brackets import Scanner
from ..scope import StopRule
from .hole import Hole


def without_repeated_end(text: str, hole: Hole) -> str:
    """Drops from the end of `text` what stands behind the cursor, unless the line's brackets need it twice.

    ``print("hi▮")`` completed with ``there")`` must not become ``print("hithere")")``; in ``f(g(▮)`` completed
    with ``x)`` both brackets belong. Blanks before it do not count: ``foo( ▮ )`` has its bracket. Words count whole.
    """
    body, after = text.rstrip(), hole.after.rstrip()
    spaces = len(after) - len(after.lstrip())
    in_word = _is_in_word(hole.before + after, len(hole.before))
    for length in range(min(len(body) + spaces, len(after)), spaces, -1):
        if not body.endswith(after[spaces:length]) or _is_in_word(after, length):
            continue
        shorter = body[: spaces - length]
        if not in_word and _is_in_word(body, len(shorter)):
            continue
        is_there = _open_count(shorter + after, hole.rule) <= _open_count(body + after, hole.rule)
        return shorter if is_there else text
    return text


def _is_in_word(text: str, offset: int) -> bool:
    around = text[max(0, offset - 1) : offset + 1]
    return len(around) == 2 and (around[0].isalnum() or around[0] == "_") and (around[1].isalnum() or around[1] == "_")


def _open_count(text: str, rule: StopRule) -> int:
    """How many brackets lack their partner where `text` stands at the cursor, up to the end of its line."""
    scanner = Scanner(rule.syntax, rule.balance.opened)
    unmatched = 0
    for line in split_lines(text):
        unmatched += sum(closed.skipped + (closed.opened is None) for closed in scanner.line(line))
    return unmatched + len(scanner.opened)
