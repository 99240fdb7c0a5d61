"""How much of the document the prompt shows: windows around the cursor that stay put while the user types.

A KV cache can keep only what is token-identical from the head of the prompt on. So the left edge of the prefix
moves in big steps, and the suffix ends with a line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .text import Cursor, Document, with_newline

Count = Callable[[str], int]
"""Tokens of a text that lies within one line, its line end included."""

_TOKENS_PER_LINE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Tokens that each window may have, and the lines by which the prefix's left edge moves."""

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


def windows(document: Document, cursor: Cursor, budget: Budget, count: Count) -> Windows:
    return Windows(
        prefix=_prefix(document.lines[: cursor.line], document.before(cursor), budget, count),
        suffix=_suffix(document, cursor, budget.suffix_tokens, count) if budget.suffix_tokens else "",
    )


def _prefix(above: Sequence[str], head: str, budget: Budget, count: Count) -> str:
    """The lines above and the cursor's line up to it, cut on the left at a multiple of the stride."""
    room = budget.prefix_tokens - count(head)
    if room < 0:
        return _end_of_line(head, budget.prefix_tokens, count)
    kept: list[str] = []
    for line in reversed(above):
        text = with_newline(line)
        room -= count(text)
        if room < 0:
            break
        kept.append(text)
    kept.reverse()
    start = len(above) - len(kept)
    snapped = _round_up(start, budget.stride_lines)
    # Where the lines are so long that no multiple lies in the window, the window itself is better than nothing.
    dropped = snapped - start if snapped <= len(above) else 0
    return "".join(kept[dropped:]) + head


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
