"""What a model learns from: the middles of fill-in-the-middle samples, drawn by the shares of a recipe.

A middle begins where an editor would ask: mostly at a cursor in a line of code, with the rest of the line missing.
Some begin at a name that the model can only copy, from the suffix or from far back in the prefix: without those, the
first model learned nearly nothing from the suffix.
"""

from __future__ import annotations

import keyword
import math
import re
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..recipe import Mix
from .code_lines import looks_like_code
from .middle import Kind, Line, Middle, indentation, is_inside_word, line_at

_TRIES = 20
_PROSE_SHARE = 0.3
_COMPLETE_LINE_SHARE = 0.04
_BLOCK_LINES = 12
_SPAN_CHARACTERS = 200
# What the local context shows is no lesson in reaching.
_NEAR_CHARACTERS = 300

_NAME = re.compile(r"(?<![A-Za-z0-9_])[A-Za-z_][A-Za-z0-9_]{3,}")
_CLOSERS = ")]}'\":,"


class Blocks(Protocol):
    """How blocks end in a language; `fim.Language.blocks` is one."""

    def closes(self, line: str) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextWindow:
    """How much of the text around a middle the sample will show."""

    prefix_characters: int
    suffix_characters: int


def draw_middle(
    text: str, draw: np.random.Generator, mix: Mix, window: ContextWindow, blocks: Blocks | None = None
) -> Middle:
    """A middle of a kind drawn by the shares of `mix`; the rest of any line where there is no name to reach for.

    `blocks`: how blocks end in the language, where a middle may take the line in that ends one.
    """
    shares: dict[Kind, float] = {
        "line": mix.middle_line,
        "lines": mix.middle_lines,
        "statement": mix.middle_statement,
        "span": mix.middle_span,
        "reaching": mix.middle_reaching,
    }
    # Generator.choice takes ten times as long as a search in the running sums.
    running_sums = np.cumsum(list(shares.values()))
    drawn = int(np.searchsorted(running_sums, draw.random() * sum(shares.values()), side="right"))
    kind = list(shares)[drawn]
    if kind == "reaching":
        return _reaching(text, draw, mix, window) or _rest_of_line(text, draw, mix)
    if kind == "lines":
        return _further_lines(text, draw, mix)
    if kind == "statement":
        return _statement(text, draw, blocks)
    if kind == "span":
        return _span(text, draw)
    return _rest_of_line(text, draw, mix)


def draw_line(text: str, draw: np.random.Generator) -> Line:
    """A line, long ones more often. Comments and documentation are drawn less often than code: few ask there."""
    line = line_at(text, int(draw.integers(len(text))))
    for _ in range(_TRIES):
        content = text[line.start : line.end]
        if content.strip() and (looks_like_code(content) or draw.random() < _PROSE_SHARE):
            break
        line = line_at(text, int(draw.integers(len(text))))
    return line


def draw_start(text: str, line: Line, draw: np.random.Generator, anywhere_share: float) -> int:
    """Where in the line a middle starts: anywhere behind its indentation, or at a word or a symbol."""
    if draw.random() < _COMPLETE_LINE_SHARE:
        return line.end
    first = line.start + indentation(text[line.start : line.end])
    if draw.random() < anywhere_share:
        return int(draw.integers(first, max(first + 1, line.end)))
    starts = [first, *(n for n in range(first + 1, line.end) if not is_inside_word(text, n))]
    return starts[draw.integers(len(starts))]


def _rest_of_line(text: str, draw: np.random.Generator, mix: Mix) -> Middle:
    line = draw_line(text, draw)
    start = draw_start(text, line, draw, mix.anywhere_share)
    return Middle(start=start, end=_line_end(text, start, line, draw, mix), kind="line")


def _further_lines(text: str, draw: np.random.Generator, mix: Mix) -> Middle:
    """The rest of a line and one to three lines more."""
    line = last = draw_line(text, draw)
    for _ in range(draw.integers(1, 4)):
        if last.end + 1 < len(text):
            last = line_at(text, last.end + 1)
    return Middle(start=draw_start(text, line, draw, mix.anywhere_share), end=last.end, kind="lines")


def _statement(text: str, draw: np.random.Generator, blocks: Blocks | None) -> Middle:
    """A line with the block that is indented under it and the line that closes it, up to twelve lines."""
    line = last = draw_line(text, draw)
    own_indentation = indentation(text[line.start : line.end])
    for _ in range(_BLOCK_LINES - 1):
        if last.end + 1 >= len(text):
            break
        further = line_at(text, last.end + 1)
        content = text[further.start : further.end]
        if content.strip() and indentation(content) <= own_indentation:
            if blocks is not None and indentation(content) == own_indentation and blocks.closes(content):
                last = further
            break
        last = further
    start = line.start + own_indentation
    return Middle(start=start, end=start + len(text[start : last.end].rstrip()), kind="statement")


def _span(text: str, draw: np.random.Generator) -> Middle:
    """Any span of characters, short ones more often."""
    start = int(draw.integers(len(text)))
    length = int(math.exp(draw.uniform(0, math.log(_SPAN_CHARACTERS))))
    return Middle(start=start, end=min(len(text), start + length), kind="span")


def _reaching(text: str, draw: np.random.Generator, mix: Mix, window: ContextWindow) -> Middle | None:
    """From a name on, or from inside it, that the window shows but not near: one half ahead, one half far back."""
    ahead = draw.random() < 0.5
    for _ in range(_TRIES):
        line = draw_line(text, draw)
        near = _names(text, line.start - _NEAR_CHARACTERS, line.start)
        seen = _names(text, line.end, line.end + window.suffix_characters)
        far = _names(text, line.start - window.prefix_characters, line.start - _NEAR_CHARACTERS)
        wanted = (seen - far if ahead else far) - near
        found = [name for name in _NAME.finditer(text, line.start, line.end) if name[0] in wanted]
        if found:
            name = found[draw.integers(len(found))]
            inside = int(draw.integers(1, len(name[0]))) if draw.random() < 0.4 else 0
            # The line's own end must be in the middle where the name is its last word.
            end = max(name.end(), _line_end(text, name.end(), line, draw, mix))
            return Middle(start=name.start() + inside, end=end, kind="reaching", needs_suffix=ahead)
    return None


def _line_end(text: str, start: int, line: Line, draw: np.random.Generator, mix: Mix) -> int:
    """Where a middle that completes its line ends: there, or before the brackets that the editor has closed."""
    if draw.random() >= mix.closers_share:
        return line.end
    return start + len(text[start : line.end].rstrip(_CLOSERS))


def _names(text: str, start: int, end: int) -> set[str]:
    return {name for name in _NAME.findall(text, max(0, start), max(0, end)) if not keyword.iskeyword(name)}
