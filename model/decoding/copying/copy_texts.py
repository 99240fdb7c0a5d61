"""What a completion may copy from: a part of its request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyTexts:
    """What a completion may copy from: the document before and behind the cursor, and other files, the nearest first.
    Lines end with a newline."""

    before: str
    after: str = ""
    others: tuple[str, ...] = ()
