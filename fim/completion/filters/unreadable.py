"""U+FFFD, which stands for bytes that are no character."""

from __future__ import annotations

from .hole import Hole

_UNREADABLE = "\ufffd"


def without_unreadable(text: str, hole: Hole) -> str:
    """Ends the text before a line with such a character; at its very end, there was only half of one. A document that
    has them may get more."""
    if _UNREADABLE not in text or any(_UNREADABLE in line for line in hole.document.lines):
        return text
    text = text.rstrip(_UNREADABLE)
    place = text.find(_UNREADABLE)
    return text if place < 0 else text[: text.rfind("\n", 0, place) + 1]
