"""From what the model wrote to what the user is shown: a chain of small steps, each from text to text."""

from __future__ import annotations

from ..text import Cursor, Document, split_lines, without_line_end
from .brackets import Scanner
from .scope import StopRule
from .stop import Stopping


def clean(text: str, document: Document, cursor: Cursor, rule: StopRule) -> str | None:
    """The completion to show for the hole at `cursor`, or None where nothing worth showing is left."""
    stopping = Stopping(rule)
    stopping.add(text)
    text = text[: stopping.finish()]
    if stopping.meets_after:
        return text if text.strip() else None
    text = without_following_lines(text, document, cursor, rule)
    text = without_open_end(text.rstrip(), rule)
    text = without_repeated_end(text, rule)
    return text if text.strip() else None


def without_following_lines(text: str, document: Document, cursor: Cursor, rule: StopRule) -> str:
    """Drops last lines that the document already has just after the cursor; what ends a block ends the completion's."""
    following = [without_line_end(line).rstrip() for line in document.following_lines(cursor) if line.strip()]
    lines = split_lines(text)
    written = [without_line_end(line).rstrip() for line in lines]
    for length in range(min(len(lines) - 1, len(following)), 0, -1):
        if written[-length:] == following[:length] and not rule.blocks.closes(following[0]):
            return "".join(lines[:-length])
    return text


def without_open_end(text: str, rule: StopRule) -> str:
    """Drops last lines that open a block and have nothing in it."""
    if rule.one_line:
        return text
    lines = split_lines(text)
    while len(lines) > 1 and not rule.balance.wanted and (not lines[-1].strip() or _opens(lines[-1], rule)):
        lines.pop()
    return "".join(lines).rstrip()


def _opens(line: str, rule: StopRule) -> bool:
    return rule.blocks.opens(line) and not rule.syntax.is_comment(line)


def without_repeated_end(text: str, rule: StopRule) -> str:
    """Drops from the end of `text` what stands behind the cursor, unless the line's brackets need it twice.

    ``print("hi▮")`` completed with ``there")`` must not become ``print("hithere")")``; in ``f(g(▮)`` completed
    with ``x)`` both brackets belong.
    """
    after = rule.balance.after.rstrip()
    for length in range(min(len(text), len(after)), 0, -1):
        if text.endswith(after[:length]):
            shorter = text[:-length]
            return shorter if _open_count(shorter + after, rule) <= _open_count(text + after, rule) else text
    return text


def _open_count(text: str, rule: StopRule) -> int:
    """How many brackets lack their partner where `text` stands at the cursor, up to the end of its line."""
    scanner = Scanner(rule.syntax, rule.balance.opened)
    unmatched = 0
    for line in split_lines(text):
        unmatched += sum(closed.opened is None for closed in scanner.line(line))
    return unmatched + len(scanner.opened)
