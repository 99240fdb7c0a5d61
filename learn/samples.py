"""One sample: token ids of a stretch of one text, as a prompt with its answer, and what kind of target each id is.

With a hole (PSM order, DeepSeek Coder paper section 3.1.2):

    <｜begin▁of▁sentence｜><｜fim▁begin｜>PREFIX<｜fim▁hole｜>SUFFIX<｜fim▁end｜>MIDDLE<｜end▁of▁sentence｜>

and left to right:

    <｜begin▁of▁sentence｜>TEXT

Prefix, suffix and middle are encoded one by one, as a completion's are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from .middles import ContextWindow, Middle, draw_line, draw_middle, draw_start, line_at
from .recipe import Mix
from .vocabulary import BEGIN, CONTROL_TOKENS, END, FIM_BEGIN, FIM_END, FIM_HOLE

_BEGIN, _END, _FIM_BEGIN, _FIM_HOLE, _FIM_END = (
    CONTROL_TOKENS.index(token) for token in (BEGIN, END, FIM_BEGIN, FIM_HOLE, FIM_END)
)
_CONTROL_IDS_OF_A_HOLE = 5
_SUFFIX_SHARE = 0.45
_MIDDLE_SHARE = 0.34
_SHORTEST_SUFFIX_TOKENS = 8
# Enough characters for a number of tokens, nearly always: the vocabulary has 3.3 a token.
_CHARACTERS_PER_TOKEN = 5

Encode = Callable[[str], Sequence[int]]


class Target(IntEnum):
    """What kind of target a token is, and so how much it counts. NONE: it is given, not to be foretold."""

    NONE = 0
    TEXT = 1
    SUFFIX = 2
    MIDDLE = 3
    FIRST = 4
    END = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """`ids[n]` is a target of kind `targets[n]` for what stands before it. Both are equally long."""

    ids: tuple[int, ...]
    targets: tuple[Target, ...]


def make_sample(text: str, size_tokens: int, draw: np.random.Generator, encode: Encode, mix: Mix) -> Sample:
    """A sample of at most `size_tokens` ids; fewer where the text is short."""
    if draw.random() < mix.left_to_right_share:
        return _left_to_right(text, size_tokens, draw, encode, mix)
    return fill_in(text, size_tokens, draw, encode, mix)


def fill_in(text: str, size_tokens: int, draw: np.random.Generator, encode: Encode, mix: Mix) -> Sample:
    """A sample with a hole. The prefix is cut at its head, the suffix at its tail; the middle is always whole."""
    most_suffix_tokens = min(mix.suffix_tokens, int(size_tokens * _SUFFIX_SHARE))
    window = ContextWindow(prefix_characters=size_tokens * 2, suffix_characters=most_suffix_tokens * 3)
    drawn = draw_middle(text, draw, mix, window)
    middle, answer = _fitting(text, drawn, int(size_tokens * _MIDDLE_SHARE), encode)
    suffix_tokens = _suffix_tokens(middle, most_suffix_tokens, draw, mix)
    suffix = encode(text[middle.end : middle.end + suffix_tokens * _CHARACTERS_PER_TOKEN])[:suffix_tokens]
    room = size_tokens - _CONTROL_IDS_OF_A_HOLE - len(answer) - len(suffix)
    prefix = encode(text[max(0, middle.start - room * _CHARACTERS_PER_TOKEN) : middle.start])[-room:]
    kinds = [Target.MIDDLE] * len(answer) + [Target.END]
    # Of an empty middle, the end is what comes first.
    kinds[0] = Target.FIRST
    return Sample(
        ids=(_BEGIN, _FIM_BEGIN, *prefix, _FIM_HOLE, *suffix, _FIM_END, *answer, _END),
        targets=(
            *(Target.NONE, Target.NONE, *[Target.TEXT] * len(prefix)),
            *(Target.NONE, *[Target.SUFFIX] * len(suffix)),
            *(Target.NONE, *kinds),
        ),
    )


def _fitting(text: str, middle: Middle, most_tokens: int, encode: Encode) -> tuple[Middle, Sequence[int]]:
    """The middle and its ids, cut to its first line and then in half until it fits."""
    ids = encode(text[middle.start : middle.end])
    end = middle.end
    while len(ids) > most_tokens:
        first_line_end = line_at(text, middle.start).end
        end = first_line_end if first_line_end < end else (middle.start + end) // 2
        ids = encode(text[middle.start : end])
    return replace(middle, end=end), ids


def _suffix_tokens(middle: Middle, most_tokens: int, draw: np.random.Generator, mix: Mix) -> int:
    """How much of the suffix is shown: at times nothing, else half of the times all there is room for."""
    if middle.needs_suffix:
        return most_tokens
    if draw.random() < mix.empty_suffix_share:
        return 0
    if draw.random() < 0.5:
        return most_tokens
    return int(draw.integers(min(_SHORTEST_SUFFIX_TOKENS, most_tokens), most_tokens + 1))


def _left_to_right(text: str, size_tokens: int, draw: np.random.Generator, encode: Encode, mix: Mix) -> Sample:
    if draw.random() < mix.split_share:
        return _split_at_cursor(text, size_tokens, draw, encode, mix)
    start = 0 if draw.random() < 0.3 else line_at(text, int(draw.integers(len(text)))).start
    shown = text[start : start + size_tokens * _CHARACTERS_PER_TOKEN]
    ids = [_BEGIN, *encode(shown)]
    targets = [Target.NONE, *[Target.TEXT] * (len(ids) - 1)]
    if start + len(shown) == len(text):
        ids.append(_END)
        targets.append(Target.END)
    return Sample(ids=tuple(ids[:size_tokens]), targets=tuple(targets[:size_tokens]))


def _split_at_cursor(text: str, size_tokens: int, draw: np.random.Generator, encode: Encode, mix: Mix) -> Sample:
    """Text up to a cursor and text from there on, encoded apart: the rest of the cursor's line is the answer."""
    line = draw_line(text, draw)
    cursor = draw_start(text, line, draw, mix.anywhere_share)
    answer = encode(text[cursor : line.end])[: size_tokens // 3]
    room = size_tokens - 1 - len(answer)
    given = encode(text[max(0, cursor - room * _CHARACTERS_PER_TOKEN) : cursor])[-room:]
    kinds = [Target.MIDDLE] * len(answer)
    if kinds:
        kinds[0] = Target.FIRST
    return Sample(
        ids=(_BEGIN, *given, *answer),
        targets=(Target.NONE, *[Target.TEXT] * len(given), *kinds),
    )
