"""Lines just above the cursor that a model writes again before it goes on."""

from __future__ import annotations

import re

from ...text import split_lines
from .hole import Hole

_MOST_LINES = 12
_TELLING_CHARACTERS = 24  # letters and digits of lines that nobody writes twice
_WAITED_CHARACTERS = 6  # of a text that is worth a longer wait for its end: not for a bracket, or `end`
_SAID_ONCE = re.compile(
    r"(?:def|class|import|from|use|using|package|namespace|#include|#import|require|module|fn|func|function|type"
    r"|interface|struct|enum|trait|impl|public|private|protected)\s"
)


def without_lines_above(text: str, hole: Hole) -> str:
    """Drops what the lines above say, and the cursor's line as far as it is there, from the start of the text.

    One line may be there twice, as a row of a table may, unless it is a definition; and so may be lines that are there
    twice already.
    """
    lines = split_lines(text)
    places = [number for number, line in enumerate(lines) if line.strip()]
    written = [lines[place].rstrip() for place in places]
    above = hole.above(2 * _MOST_LINES)
    for length in range(min(len(above), len(written), _MOST_LINES), 0, -1):
        if not _is_same(written[:length], above[-length:]):
            continue
        rest = "".join(lines[places[length - 1] + 1 :])
        if hole.before.strip():
            start = hole.before if rest.startswith(hole.before) else hole.before.lstrip()
            if rest.startswith(start):
                return rest[len(start) :]
        elif _is_said_once(above[-length:], above[-2 * length : -length]):
            return rest.removeprefix(hole.before)
    return text


def may_be_above(text: str, hole: Hole) -> bool:
    """Whether `text` so far, whole lines, stands above the cursor with more behind it: nobody knows yet where it
    leads."""
    written = [line.rstrip() for line in split_lines(text) if line.strip()]
    if _letters(written) < _WAITED_CHARACTERS:
        return False
    above = hole.above(_MOST_LINES)
    return any(_is_same(written, above[start : start + len(written)]) for start in range(len(above) - len(written) + 1))


def _is_same(written: list[str], above: list[str]) -> bool:
    """The first line is written behind the cursor's indentation."""
    return bool(written) and written[0].strip() == above[0].strip() and written[1:] == above[1:]


def _is_said_once(lines: list[str], above_them: list[str]) -> bool:
    if lines == above_them:
        return False
    if len(lines) == 1:
        return _SAID_ONCE.match(lines[0].lstrip()) is not None
    return _letters(lines) >= _TELLING_CHARACTERS


def _letters(lines: list[str]) -> int:
    return sum(character.isalnum() for line in lines for character in line)
