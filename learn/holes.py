"""Where the hole of a fill-in-the-middle sample goes: offsets in a text, nothing of tokens.

A hole is put where an editor would ask: mostly at a cursor in a line of code, with the rest of the line missing. Some
holes are put before a name that the model can only copy, from the suffix or from far back in the prefix: without
those, the first model learned nearly nothing from the suffix.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from .recipe import Mix

_TRIES = 20
_PROSE_SHARE = 0.3
_COMPLETE_LINE_SHARE = 0.04
_BLOCK_LINES = 12
_SPAN_CHARACTERS = 200
# What the local context shows is no lesson in reaching.
_NEAR_CHARACTERS = 300

_LOOKS_LIKE_CODE = re.compile(
    r"[=()\[\]{}]|:\s*$|^\s*(?:return|import|from|raise|yield|assert|del|pass|break|continue|global|nonlocal)\b"
)
_NAME = re.compile(r"(?<![A-Za-z0-9_])[A-Za-z_][A-Za-z0-9_]{3,}")
_CLOSERS = re.compile(r"[)\]}'\":,]+$")


class Middle(Enum):
    LINE = auto()
    LINES = auto()
    STATEMENT = auto()
    SPAN = auto()
    REACHING = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """`text[start:end]` is to be filled in. `needs_suffix`: only the suffix shows what."""

    start: int
    end: int
    needs_suffix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """How far around a hole the sample will show the text, in characters."""

    back: int
    ahead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`text[start:end]`, without its line end."""

    start: int
    end: int


def choose_hole(text: str, draw: np.random.Generator, mix: Mix, sight: Sight) -> Hole:
    """A hole of a kind drawn by the shares of `mix`; the rest of any line where there is no name to reach for."""
    kinds = (Middle.LINE, Middle.LINES, Middle.STATEMENT, Middle.SPAN, Middle.REACHING)
    shares = (mix.middle_line, mix.middle_lines, mix.middle_statement, mix.middle_span, mix.middle_reaching)
    # Generator.choice takes ten times as long as a search in the running sums.
    kind = kinds[int(np.searchsorted(np.cumsum(shares), draw.random() * sum(shares), side="right"))]
    if kind is Middle.REACHING:
        return _reaching(text, draw, mix, sight) or _rest_of_line(text, draw, mix)
    chosen: dict[Middle, Callable[[], Hole]] = {
        Middle.LINE: lambda: _rest_of_line(text, draw, mix),
        Middle.LINES: lambda: _further_lines(text, draw),
        Middle.STATEMENT: lambda: _statement(text, draw),
        Middle.SPAN: lambda: _span(text, draw),
    }
    return chosen[kind]()


def line_at(text: str, offset: int) -> Line:
    end = text.find("\n", offset)
    return Line(start=text.rfind("\n", 0, offset) + 1, end=len(text) if end < 0 else end)


def draw_line(text: str, draw: np.random.Generator) -> Line:
    """A line, long ones more often. Comments and documentation are drawn less often than code: few ask there."""
    line = line_at(text, int(draw.integers(len(text))))
    for _ in range(_TRIES):
        content = text[line.start : line.end]
        if content.strip() and (_is_code(content) or draw.random() < _PROSE_SHARE):
            break
        line = line_at(text, int(draw.integers(len(text))))
    return line


def draw_cursor(text: str, line: Line, draw: np.random.Generator) -> int:
    """An offset in the line: half of them anywhere behind its indentation, half where a word or a symbol starts."""
    if draw.random() < _COMPLETE_LINE_SHARE:
        return line.end
    first = line.start + _indentation(text[line.start : line.end])
    if draw.random() < 0.5:
        return int(draw.integers(first, max(first + 1, line.end)))
    starts = [first] + [n for n in range(first + 1, line.end) if _starts_word_or_symbol(text, n)]
    return starts[draw.integers(len(starts))]


def _rest_of_line(text: str, draw: np.random.Generator, mix: Mix) -> Hole:
    line = draw_line(text, draw)
    start = draw_cursor(text, line, draw)
    return Hole(start=start, end=_line_end(text, start, line, draw, mix))


def _further_lines(text: str, draw: np.random.Generator) -> Hole:
    """The rest of a line and one to three lines more."""
    line = last = draw_line(text, draw)
    for _ in range(draw.integers(1, 4)):
        if last.end + 1 < len(text):
            last = line_at(text, last.end + 1)
    return Hole(start=draw_cursor(text, line, draw), end=last.end)


def _statement(text: str, draw: np.random.Generator) -> Hole:
    """A line with the block that is indented under it, up to twelve lines."""
    line = last = draw_line(text, draw)
    indentation = _indentation(text[line.start : line.end])
    for _ in range(_BLOCK_LINES - 1):
        if last.end + 1 >= len(text):
            break
        further = line_at(text, last.end + 1)
        content = text[further.start : further.end]
        if content.strip() and _indentation(content) <= indentation:
            break
        last = further
    start = line.start + indentation
    return Hole(start=start, end=start + len(text[start : last.end].rstrip()))


def _span(text: str, draw: np.random.Generator) -> Hole:
    """Any span of characters, short ones more often."""
    start = int(draw.integers(len(text)))
    return Hole(start=start, end=min(len(text), start + int(math.exp(draw.uniform(0, math.log(_SPAN_CHARACTERS))))))


def _reaching(text: str, draw: np.random.Generator, mix: Mix, sight: Sight) -> Hole | None:
    """A hole at, or inside, a name that is in sight but not near: half of them ahead, half of them far back."""
    ahead = draw.random() < 0.5
    for _ in range(_TRIES):
        line = draw_line(text, draw)
        near = _names(text, line.start - _NEAR_CHARACTERS, line.start)
        seen = _names(text, line.end, line.end + sight.ahead)
        far = _names(text, line.start - sight.back, line.start - _NEAR_CHARACTERS)
        wanted = (seen - far if ahead else far) - near
        found = [name for name in _NAME.finditer(text, line.start, line.end) if name[0] in wanted]
        if found:
            name = found[draw.integers(len(found))]
            inside = int(draw.integers(1, len(name[0]))) if draw.random() < 0.4 else 0
            # The line's own end must be in the middle where the name is its last word.
            end = max(name.end(), _line_end(text, name.end(), line, draw, mix))
            return Hole(start=name.start() + inside, end=end, needs_suffix=ahead)
    return None


def _line_end(text: str, start: int, line: Line, draw: np.random.Generator, mix: Mix) -> int:
    """Where a middle that completes its line ends: there, or before the brackets that the editor has closed."""
    if draw.random() < mix.closers_share and (closers := _CLOSERS.search(text, start, line.end)):
        return closers.start()
    return line.end


def _names(text: str, start: int, end: int) -> set[str]:
    return {name for name in _NAME.findall(text, max(0, start), max(0, end)) if not keyword.iskeyword(name)}


def _is_code(line: str) -> bool:
    return not line.lstrip().startswith("#") and bool(_LOOKS_LIKE_CODE.search(line))


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _starts_word_or_symbol(text: str, offset: int) -> bool:
    return not (_is_word(text[offset]) and _is_word(text[offset - 1]))


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
