"""Sorted texts, and groups of them that are asked together."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy

from .native import Group, Text

MOST_PLACES = 64
"""That are looked at in one group."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SortedText:
    """A part of a text. `text`: what stands before it, `LONGEST` bytes, and the part itself; `order`: its places, by
    the bytes before them, shape (places,), int32."""

    text: bytes
    order: numpy.ndarray

    @property
    def places(self) -> int:
        return len(self.order)

    @property
    def size_bytes(self) -> int:
        return len(self.text) + self.order.nbytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedText:
    """A sorted text, what it is part of, and where it begins there."""

    text: SortedText
    source: int
    start: int = 0


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
            text = placed.text
            address = ctypes.cast(ctypes.c_char_p(text.text), ctypes.c_void_p)
            texts[number] = Text(
                address, text.order.ctypes.data, text.places, len(text.text), placed.source, placed.start
            )
        return Group(texts, len(self.texts), self.least, self.most, self.cursor)
