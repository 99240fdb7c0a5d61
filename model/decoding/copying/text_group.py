"""Sorted texts, and groups of them that are asked together."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy

from .native import Group, Text

BEFORE, BEHIND, OTHER = range(3)
"""Sources: the document before the cursor and behind it, and other texts."""
MOST_PLACES = 64
"""That are looked at in one group."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SortedText:
    """A part of a text, or several texts. `text`: of each the `LONGEST` bytes before it, and then itself. `order`: all
    places, by the bytes before them, shape (places,), int32."""

    text: bytes
    order: numpy.ndarray

    @property
    def places(self) -> int:
        return len(self.order)

    @property
    def size_bytes(self) -> int:
        return len(self.text) + self.order.nbytes

    @cached_property
    def structure(self) -> tuple[int | None, int, int, int]:
        """The first fields of `copy_text`, which point into the memory of this one."""
        address = ctypes.cast(ctypes.c_char_p(self.text), ctypes.c_void_p).value
        return address, self.order.ctypes.data, self.places, len(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedText:
    """A sorted text, its source, and where it begins in the document, in bytes as they are compared."""

    text: SortedText
    source: int
    start: int = 0

    @property
    def end(self) -> int:
        return self.start + self.text.places


class TextGroup:
    """Texts that are asked together. `least`: bytes that must agree. `cursor`: where it stands in the document."""

    def __init__(self, texts: Sequence[PlacedText], *, least: int, cursor: int = 0) -> None:
        self.texts = texts
        self.least = least
        self.most = MOST_PLACES
        self.cursor = cursor

    @cached_property
    def structure(self) -> Group:
        """It points into the memory of the texts, which this group keeps."""
        texts = (Text * max(1, len(self.texts)))()
        for number, placed in enumerate(self.texts):
            texts[number] = Text(*placed.text.structure, placed.source, placed.start)
        return Group(texts, len(self.texts), self.least, self.most, self.cursor)
