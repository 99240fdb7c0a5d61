"""Token healing: what stands before the cursor may be the start of a token (Lundberg, "The Art of Prompt Design: Prompt
Boundaries and Token Healing", 2023).

A model has hardly ever seen a text go on behind half a token, or behind the space that belongs to the next word. So the
prompt ends before them, and the text that the model writes has to start with them.
"""

from __future__ import annotations

_LONGEST_CHARACTERS = 24


def partial_word(before: str) -> str:
    """What of the cursor's line, `before` the cursor, a prompt leaves to the model: a word with the space before it, or
    a space; nothing of the indentation, and no word longer than most names."""
    indented = len(before) - len(before.lstrip(" \t"))
    start = len(before)
    while start > indented and (before[start - 1].isalpha() or before[start - 1] == "_"):
        start -= 1
    if start > indented and before[start - 1] == " ":
        start -= 1
    return before[start:] if len(before) - start <= _LONGEST_CHARACTERS else ""
