"""What the user is shown."""

from __future__ import annotations

from dataclasses import dataclass


def has_in_order(text: str, characters: str) -> bool:
    """Whether `text` has the characters of another text in their order: what gives way to a completion has to stand in
    it so, or editors show no ghost text."""
    left = iter(text)
    return all(character in left for character in characters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A text for the cursor, with the line ends of the document.

    `replaced_after`: so many characters of the line behind the cursor give way to it, and it has them, in their order.
    """

    text: str
    replaced_after: int = 0
