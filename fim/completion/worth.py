"""Is a completion worth the glance of someone who did not ask for it?"""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d]{3,}")
_LITTLE = frozenset(
    {"begin", "break", "continue", "done", "else", "end", "endif", "false", "nil", "none", "null", "pass", "return"}
    | {"then", "true", "void"}
)


def worth_showing(text: str, before: str) -> bool:
    """Whether a completion says anything; `before`: the cursor's line before it.

    A whole line that only closes a block, or begins a comment, is faster typed than read, and mostly wrong.
    """
    if before.strip():
        return True
    return any(word.lower() not in _LITTLE for word in _WORD.findall(text))
