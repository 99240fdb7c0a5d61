"""Token healing: what stands before the cursor may be the start of a token (Lundberg, "The Art of Prompt Design: Prompt
Boundaries and Token Healing", 2023).

A model has hardly ever seen a text go on behind half a token, or behind the space that belongs to the next word. So the
prompt ends before them, and the text that the model writes has to start with them. While a word is typed, the prompt
stays the same.
"""

from __future__ import annotations

from collections.abc import Callable

_LONGEST_CHARACTERS = 24
_OPERATORS = frozenset("=+-*/%<>!&|^~?:")


def partial_word(before: str) -> str:
    """What of the cursor's line, `before` the cursor, a prompt leaves to the model: a word or operator with the space
    before it, or a space; nothing of the indentation, and nothing longer than most names."""
    indented = len(before) - len(before.lstrip(" \t"))
    start = max(indented, len(before) - _LONGEST_CHARACTERS - 1)
    text = before[start:]
    partial = _last(text, _is_of_a_word) or _last(text, _OPERATORS.__contains__)
    if text[: len(text) - len(partial)].endswith(" "):
        partial = " " + partial
    elif partial.startswith(tuple(_OPERATORS)):
        return ""  # `):` and the like are tokens: what is typed ends with one
    return partial if len(partial) <= _LONGEST_CHARACTERS else ""


def _last(text: str, belongs: Callable[[str], bool]) -> str:
    start = len(text)
    while start > 0 and belongs(text[start - 1]):
        start -= 1
    return text[start:]


def _is_of_a_word(character: str) -> bool:
    """Letters, digits and marks of all scripts."""
    return ("a" + character).isidentifier()
