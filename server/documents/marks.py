"""Characters of a document that are followed through its changes."""

from __future__ import annotations

from .edits import Edit


class Mark:
    """Some characters of a document; what is removed of them is gone for good, what is inserted is no part of them."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, int]] = []

    @property
    def characters(self) -> int:
        """How many of them still stand."""
        return sum(end - start for start, end in self._parts)

    def add(self, start: int, characters: int) -> None:
        self._parts.append((start, start + characters))

    def take_over(self, other: Mark) -> None:
        """Has the characters of another mark too."""
        self._parts += other._parts

    def follow(self, edit: Edit) -> None:
        """Takes note of an edit of the document."""
        removed_end = edit.start + edit.removed
        shift = len(edit.text) - edit.removed
        parts: list[tuple[int, int]] = []
        for start, end in self._parts:
            if start < edit.start:
                parts.append((start, min(end, edit.start)))
            if end > removed_end:
                parts.append((max(start, removed_end) + shift, end + shift))
        self._parts = parts
