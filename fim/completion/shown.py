"""What the user is shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A text for the cursor, with the line ends of the document. `replaced_after`: so many characters behind the cursor,
    of its line, give way to it; the text has them all, in their order."""

    text: str
    replaced_after: int = 0
