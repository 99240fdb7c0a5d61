"""A model that has lost itself in a line."""

from __future__ import annotations

import re
from collections.abc import Iterable

_TIMES = 4
_UNIT_CHARACTERS = range(4, 41)
_WORD = re.compile(r"(?<!\w)[^\W\d]")


def loops(line: str, around: Iterable[str] = ()) -> bool:
    """Whether `line` ends with the same characters, a word among them, several times over, where no line around it says
    them twice in a row, as the rows of a table may."""
    for length in _UNIT_CHARACTERS:
        unit = line[-length:]
        if line.endswith(unit * _TIMES) and _WORD.search(unit + unit, 1):
            return not any(2 * unit in other for other in around)
    return False
