"""From what the model wrote to what the user is shown: a chain of small steps, each from text to text."""

from __future__ import annotations

from ..text import Cursor, Document, split_lines
from .stop import StopRule, end_of_completion

_PAIRS = {")": "(", "]": "[", "}": "{"}


def clean(text: str, document: Document, cursor: Cursor, rule: StopRule) -> str | None:
    """The completion to show for the hole at `cursor`, or None where nothing worth showing is left."""
    text = text[: end_of_completion(text, rule)]
    text = without_foreign_last_line(text, rule)
    text = without_following_lines(text, document, cursor)
    text = text.rstrip()
    text = without_repeated_end(text, document.before(cursor), document.after(cursor))
    return text if text.strip() else None


def without_foreign_last_line(text: str, rule: StopRule) -> str:
    """Drops a last line, still without its newline, that the stop rule would have refused."""
    end = end_of_completion(text + "\n", rule)
    return text if end is None else text[:end]


def without_following_lines(text: str, document: Document, cursor: Cursor) -> str:
    """Drops last lines that the document already has just after the cursor."""
    following = [line.strip() for line in document.following_lines(cursor) if line.strip()]
    lines = split_lines(text)
    written = [line.strip() for line in lines]
    for length in range(min(len(lines) - 1, len(following)), 0, -1):
        if written[-length:] == following[:length]:
            return "".join(lines[:-length])
    return text


def without_repeated_end(text: str, before: str, after: str) -> str:
    """Drops from the end of `text` what `after` starts with, unless the line's brackets need it twice.

    ``print("hi▮")`` completed with ``there")`` must not become ``print("hithere")")``; in ``f(g(▮)`` completed
    with ``x)`` both brackets belong.
    """
    after = after.rstrip()
    for length in range(min(len(text), len(after)), 0, -1):
        if text.endswith(after[:length]):
            shorter = text[:-length]
            repeats = _open_brackets(before + shorter + after) <= _open_brackets(before + text + after)
            return shorter if repeats else text
    return text


def _open_brackets(line: str) -> int:
    """How many brackets of `line` lack their partner."""
    waiting: list[str] = []
    unmatched = 0
    for character in line:
        if character in "([{":
            waiting.append(character)
        elif character in _PAIRS:
            if waiting and waiting[-1] == _PAIRS[character]:
                waiting.pop()
            else:
                unmatched += 1
    return unmatched + len(waiting)
