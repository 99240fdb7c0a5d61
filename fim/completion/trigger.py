"""Is this place worth a completion that nobody asked for?"""

from __future__ import annotations

from ..languages import Language, blocks_of
from ..text import indentation
from .scope import CLOSING

_ENDS = (";", ")", "]", "}", ",")
_QUOTES = ("'", '"', "`")


def worth_asking(before: str, after: str, *, is_first_text: bool) -> bool:
    """Whether to complete here while the user just types; an explicit request is always served.

    `before` and `after` the cursor on its line; `is_first_text`: the lines above are blank, or none. Not inside a word,
    where ghost text would split it; not before anything at all has been written; and not where a line looks whole: what
    comes next is mostly a key that ends it.
    """
    if after[:1].isalnum() or after[:1] == "_":
        return False
    if is_first_text and not before.strip():
        return False
    return bool(after.strip(CLOSING)) or not _is_whole(before)


def _is_whole(before: str) -> bool:
    """Whether a line ends as statements, arguments or texts do."""
    if before.endswith(_QUOTES):
        return before.count(before[-1]) % 2 == 0
    return before.endswith(_ENDS)


def next_indentation(line: str, language: Language | None) -> str:
    """What a line behind `line` starts with, as editors indent it."""
    own = indentation(line)
    if not blocks_of(language).opens(line):
        return own
    if "\t" in own or (not own and language is not None and language.name == "go"):
        return own + "\t"
    return own + ("  " if len(own) % 4 == 2 else "    ")
