"""The first token of a word, as the model's tokenizer cuts it: what copying a word begins with."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy

from .native import WordTable

_SLOTS = 1 << 17
NO_TOKEN = -1


class FirstTokens:
    """A table of words that is filled as they come, and emptied where it gets full. Used by one thread."""

    def __init__(self, encode: Callable[[str], list[int]]) -> None:
        self._encode = encode
        self._keys = numpy.zeros(_SLOTS, dtype=numpy.uint64)
        self._tokens = numpy.zeros(_SLOTS, dtype=numpy.int32)
        self._count = 0
        self.table = WordTable(self._keys.ctypes.data, self._tokens.ctypes.data, _SLOTS - 1)

    def room(self) -> int:
        """The address of the table, where one more word has room."""
        if self._count >= _SLOTS // 2:
            self._keys[:] = 0
            self._count = 0
        self._count += 1
        return self.table_address

    @property
    def table_address(self) -> int:
        return ctypes.addressof(self.table)

    def of(self, word: bytes) -> int:
        """Asks the tokenizer; `NO_TOKEN` for what is no word."""
        try:
            text = word.decode()
        except UnicodeDecodeError:  # cut within a character
            return NO_TOKEN
        ids = self._encode(text)
        return ids[0] if ids else NO_TOKEN
