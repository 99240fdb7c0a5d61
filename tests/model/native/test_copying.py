"""The C of the copy model at the edges of its memory: what a caller may hand it, and what it must not write.

What it finds is compared with a slow reference where it is called from.
"""

from __future__ import annotations

import ctypes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seekline.model.native.library import find_library

LONGEST = 64
_NATIVE = find_library().library
pytestmark = pytest.mark.skipif(_NATIVE is None, reason="the C code is not compiled here, or not for this processor")
native: Any = _NATIVE
TEXTS = st.text(alphabet="ab \n\t\r", max_size=300).map(str.encode)


class Words(ctypes.Structure):
    """`word_table` in copying.h."""

    _fields_ = [("keys", ctypes.c_void_p), ("tokens", ctypes.c_void_p), ("mask", ctypes.c_int32)]


@given(TEXTS, st.booleans(), st.booleans(), st.integers(0, 8))
def test_a_normalized_text_has_one_more_byte_a_line_at_most(
    text: bytes, starts: bool, is_open: bool, indent: int
) -> None:
    most = len(text) + text.count(b"\n") + 1
    out = ctypes.create_string_buffer(b"\xff" * (most + 8), most + 8)
    written = native.copy_normalize(text, len(text), starts, is_open, ctypes.byref(ctypes.c_int32(indent)), out)
    assert 0 <= written <= most
    assert out.raw[written:] == b"\xff" * (most + 8 - written), "nothing is written behind it"


@given(st.lists(TEXTS, max_size=4))
def test_places_are_sorted_by_what_stands_before_them(texts: list[bytes]) -> None:
    whole = b"".join(bytes(LONGEST) + text for text in texts)
    sizes = (ctypes.c_int32 * len(texts))(*map(len, texts))
    room = sum(sizes)
    order = (ctypes.c_int32 * (room + 1))(*[-1] * (room + 1))
    assert native.copy_sort(whole, sizes, len(texts), order) == 1
    places: list[int] = []
    for number, size in enumerate(sizes):
        start = sum(sizes[:number]) + (number + 1) * LONGEST
        places += range(start, start + size)
    assert list(order) == [*sorted(places, key=lambda place: whole[place - LONGEST : place][::-1]), -1]


@given(TEXTS, st.integers(1, 40), st.integers(0, 40))
def test_pieces_are_no_more_than_there_is_room_for(text: bytes, shortest: int, more: int) -> None:
    most = len(text) // shortest + 1
    ends = (ctypes.c_int32 * (most + 1))(*[-1] * (most + 1))
    count = native.copy_cut(text, len(text), shortest, shortest + more, ends)
    assert ends[most] == -1
    assert list(ends[:count]) == sorted(set(ends[:count]))
    assert count == 0 if not text else ends[count - 1] == len(text)


def test_a_full_table_of_words_takes_another_and_does_not_search_forever() -> None:
    keys, tokens = (ctypes.c_uint64 * 4)(), (ctypes.c_int32 * 4)()
    words = Words(ctypes.addressof(keys), ctypes.addressof(tokens), 3)
    for number in range(1, 20):
        native.copy_learn(ctypes.byref(words), ctypes.c_uint64(number), number)
        slot = list(keys).index(number)
        assert tokens[slot] == number
    assert all(keys)
