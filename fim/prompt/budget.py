"""How much of the document the prompt shows: windows around the cursor that stay put while the user types.

A KV cache can keep only what is token-identical from the head of the prompt on. So the left edge of the prefix
moves in big steps, and the suffix ends with a line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..text import Cursor, Document, with_newline

Count = Callable[[str], int]
"""Tokens of a text that lies within one line, its line end included."""

_TOKENS_PER_LINE = 10


_CONTEXT_SHARE = 0.7
_STEPS = 8
_ANCHOR_SHARE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Tokens that each part may have, and the lines by which the prefix's left edge moves.

    `prefix_tokens` is for all that stands before the hole: the context of other files and the window.
    """

    prefix_tokens: int
    suffix_tokens: int
    stride_lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """What the model is shown before and after the cursor; all line ends are ``\\n``."""

    prefix: str
    suffix: str


def share(prompt_tokens: int, *, control_tokens: int, suffix_limit_tokens: int) -> Budget:
    """Divides a prompt of `prompt_tokens`. The suffix gets at most a quarter, since every keystroke moves it to
    new positions and so computes it again."""
    room = max(0, prompt_tokens - control_tokens)
    suffix = min(suffix_limit_tokens, room // 4)
    prefix = room - suffix
    stride = max(4, prefix // _TOKENS_PER_LINE // 4)
    return Budget(prefix_tokens=prefix, suffix_tokens=suffix, stride_lines=1 << (stride.bit_length() - 1))


def context_limit(document: Document, cursor: Cursor, budget: Budget, count: Count) -> int:
    """How many tokens of the prefix other files may have: a fixed share, and what a short document leaves over.

    What the document needs is rounded up to coarse steps, so that the limit seldom moves while it grows.
    """
    step = max(1, budget.prefix_tokens // _STEPS)
    needed = count(document.before(cursor)) + step // 2
    for line in reversed(document.lines[: cursor.line]):
        needed += count(with_newline(line))
        if needed > (1 - _CONTEXT_SHARE) * budget.prefix_tokens:
            return int(_CONTEXT_SHARE * budget.prefix_tokens)
    return max(int(_CONTEXT_SHARE * budget.prefix_tokens), budget.prefix_tokens - _round_up(needed, step))


def windows(
    document: Document, cursor: Cursor, budget: Budget, count: Count, *, anchors: Sequence[int] = ()
) -> Windows:
    """The windows around the cursor. `anchors`: lines above that stay when the prefix is cut below them."""
    return Windows(
        prefix=_prefix(document, cursor, budget, count, anchors),
        suffix=_suffix(document, cursor, budget.suffix_tokens, count) if budget.suffix_tokens else "",
    )


def _prefix(document: Document, cursor: Cursor, budget: Budget, count: Count, anchors: Sequence[int]) -> str:
    """The lines above and the cursor's line up to it, cut on the left at a multiple of the stride."""
    above, head = document.lines[: cursor.line], document.before(cursor)
    room = budget.prefix_tokens - count(head)
    if room < 0:
        return _end_of_line(head, budget.prefix_tokens, count)
    kept = _anchored(above, anchors, int(_ANCHOR_SHARE * room), count)
    start = _start(above, room, count)
    if start:
        room -= sum(count(text) for text in kept.values())
        start = _start(above, room, count)
        snapped = _round_up(start, budget.stride_lines)
        # Where the lines are so long that no multiple lies in the window, the window itself is better than nothing.
        start = snapped if snapped <= len(above) else start
    anchored = [text for row, text in kept.items() if row < start]
    return "".join([*anchored, *map(with_newline, above[start:]), head])


def _start(above: Sequence[str], room: int, count: Count) -> int:
    """The first of the lines above that fits with all that follow it."""
    for number in range(len(above) - 1, -1, -1):
        room -= count(with_newline(above[number]))
        if room < 0:
            return number + 1
    return 0


def _anchored(above: Sequence[str], anchors: Sequence[int], room: int, count: Count) -> dict[int, str]:
    """The anchors that fit, by their line: the last ones first, which are nearest to the cursor's own definition."""
    kept: dict[int, str] = {}
    for row in reversed([row for row in anchors if row < len(above)]):
        text = with_newline(above[row])
        room -= count(text)
        if room < 0:
            break
        kept[row] = text
    return dict(sorted(kept.items()))


def _end_of_line(head: str, limit_tokens: int, count: Count) -> str:
    """The end of one overlong line, cut at a multiple of a fixed number of characters."""
    step = max(1, limit_tokens // 4)  # a code point has at most four bytes, so at most four tokens
    start = _round_up(max(0, len(head) - 4 * limit_tokens), step)
    while start < len(head) and count(head[start:]) > limit_tokens:
        start += step
    return head[start:]


def _round_up(number: int, step: int) -> int:
    return -(-number // step) * step


def _suffix(document: Document, cursor: Cursor, limit_tokens: int, count: Count) -> str:
    """The rest of the cursor's line and the whole lines after it that fit."""
    line = document.lines[cursor.line] if cursor.line < len(document.lines) else ""
    rest = with_newline(line)[cursor.column :]
    room = limit_tokens - count(rest)
    if room < 0:
        return _start_of_line(rest, limit_tokens, count)
    kept = [rest]
    for following in document.following_lines(cursor):
        text = with_newline(following)
        room -= count(text)
        if room < 0:
            break
        kept.append(text)
    return "".join(kept)


def _start_of_line(rest: str, limit_tokens: int, count: Count) -> str:
    """The longest start of an overlong line that fits, by halving."""
    low, high = 0, min(len(rest), 4 * limit_tokens)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count(rest[:middle]) <= limit_tokens else (low, middle - 1)
    return rest[:low]
