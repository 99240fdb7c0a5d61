"""Is this place worth a completion that nobody asked for?"""

from __future__ import annotations

from .text import Cursor, Document


def worth_asking(document: Document, cursor: Cursor) -> bool:
    """Whether to complete here while the user just types; an explicit request is always served.

    Not inside a word, where ghost text would split it, and not before anything at all has been written.
    """
    after = document.after(cursor)
    if after[:1].isalnum() or after[:1] == "_":
        return False
    return bool(document.before(cursor).strip()) or any(line.strip() for line in document.lines[: cursor.line])
