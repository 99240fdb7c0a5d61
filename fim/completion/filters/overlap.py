"""What stands behind the cursor on its line, and a model writes too."""

from __future__ import annotations

from ...text import split_lines
from ..brackets import Scanner
from ..scope import StopRule
from .hole import Hole


def without_repeated_end(text: str, hole: Hole) -> str:
    """Drops from the end of `text` what stands behind the cursor, unless the line's brackets need it twice.

    ``print("hi▮")`` completed with ``there")`` must not become ``print("hithere")")``; in ``f(g(▮)`` completed
    with ``x)`` both brackets belong. Blanks before it do not count: ``foo( ▮ )`` has its bracket.
    """
    text, after = text.rstrip(), hole.after.rstrip()
    spaces = len(after) - len(after.lstrip())
    for length in range(min(len(text), len(after)), spaces, -1):
        if text.endswith(after[:length]):
            return _kept(text, text[:-length], after, hole.rule)
        if spaces and text.endswith(after[spaces:length]):
            return _kept(text, text[: spaces - length].rstrip(), after, hole.rule)
    return text


def _kept(text: str, shorter: str, after: str, rule: StopRule) -> str:
    return shorter if open_count(shorter + after, rule) <= open_count(text + after, rule) else text


def open_count(text: str, rule: StopRule) -> int:
    """How many brackets lack their partner where `text` stands at the cursor, up to the end of its line."""
    scanner = Scanner(rule.syntax, rule.balance.opened)
    unmatched = 0
    for line in split_lines(text):
        unmatched += sum(closed.opened is None for closed in scanner.line(line))
    return unmatched + len(scanner.opened)
