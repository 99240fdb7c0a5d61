"""Is this place worth a completion that nobody asked for?"""

from __future__ import annotations


def worth_asking(before: str, after: str, *, is_first_text: bool) -> bool:
    """Whether to complete here while the user just types; an explicit request is always served.

    `before` and `after` the cursor on its line; `is_first_text`: the lines above are blank, or none. Not inside a word,
    where ghost text would split it, and not before anything at all has been written.
    """
    if after[:1].isalnum() or after[:1] == "_":
        return False
    return not is_first_text or bool(before.strip())
