"""Texts whose places are sorted by the bytes before them: a suffix array of the reversed text, cut at `LONGEST` bytes.

Before it is sorted a text is made comparable: trailing white space goes, and the indentation of a line becomes one
byte, which says how it compares with that of the line above. So code is recognised at any depth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from . import kernels
from .native import LONGEST
from .text_group import SortedText

_SHORTEST_PIECE, _LONGEST_PIECE = 8192, 32768


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparable:
    """A text as it is compared, and the indentation of its last line in columns."""

    text: bytes
    columns: int


def comparable(text: bytes, *, starts_line: bool = True, is_open: bool = False, columns: int = 0) -> Comparable:
    """`columns`: the indentation of the line above. `is_open`: the last line is being typed, up to the cursor."""
    compared, columns = kernels.normalize(text, starts_line, is_open, columns)
    return Comparable(text=compared, columns=columns)


def sort_texts(texts: Sequence[bytes], before: bytes = b"") -> SortedText:
    """Texts that are asked as one, though none goes on with another. `before`: what stands before the first. All are
    comparable."""
    whole = before[-LONGEST:].rjust(LONGEST, b"\0") + bytes(LONGEST).join(texts)
    return SortedText(text=whole, order=kernels.sort(whole, [len(text) for text in texts]))


def cut(text: bytes) -> Iterator[bytes]:
    """Cuts a text behind lines that say so themselves, so that an edit moves no far cut."""
    start = 0
    for end in kernels.cut(text, _SHORTEST_PIECE, _LONGEST_PIECE):
        yield text[start:end]
        start = end
