"""The structures of copying.h and copy_mixture.c as ctypes has them."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_float, c_int32, c_uint8, c_uint64, c_void_p
from functools import cache

from ...native.library import find_library_for

LONGEST, ORDERS, SOURCES, MOST_TOKENS = 64, 14, 3, 256
"""Of copying.h."""
MAX_RANKED, FEATURES, MOST_HIDDEN = 36, 63, 64
"""Of copy_mixture.c."""


class Text(ctypes.Structure):
    """`copy_text`."""

    _fields_ = [("text", c_void_p), ("order", c_void_p), *((n, c_int32) for n in ("places", "size", "source", "start"))]


class WordTable(ctypes.Structure):
    """`word_table`."""

    _fields_ = [("keys", c_void_p), ("tokens", c_void_p), ("mask", c_int32)]


class Group(ctypes.Structure):
    """`copy_group`."""

    _fields_ = [("texts", POINTER(Text)), *((name, c_int32) for name in ("count", "least", "most", "cursor"))]


class Candidates(ctypes.Structure):
    """`copy_candidates`."""

    _fields_ = [
        ("count", c_int32),
        ("token", c_int32 * MOST_TOKENS),
        ("counts", c_float * (MOST_TOKENS * ORDERS * SOURCES)),
        ("longest", c_int32 * (MOST_TOKENS * SOURCES)),
        ("distance", c_float * MOST_TOKENS),
        ("unknown", c_int32),
        ("word_size", c_int32 * MOST_TOKENS),
        ("word", c_uint8 * (MOST_TOKENS * LONGEST)),
        ("word_key", c_uint64 * MOST_TOKENS),
    ]


class MixtureStructure(ctypes.Structure):
    """`mixture`."""

    _fields_ = [
        *((name, c_int32) for name in ("vocabulary", "hidden", "newline", "end_count")),
        *((name, c_void_p) for name in ("facts", "ends", "weight", "constant", "per_kind", "mean", "scale")),
        *((name, c_void_p) for name in ("first", "first_bias", "second")),
        *((name, c_float) for name in ("second_bias", "base", "plain")),
    ]


class LineState(ctypes.Structure):
    """`line_state`."""

    _fields_ = [("line", ctypes.c_char_p), *((name, c_int32) for name in ("size", "tokens", "must_size"))]


_TEXT, _ADDRESS = ctypes.c_char_p, c_void_p
_ARGUMENTS = {
    "copy_normalize": [_TEXT, c_int32, c_int32, c_int32, _ADDRESS, _ADDRESS],
    "copy_sort": [_TEXT, _ADDRESS, c_int32, _ADDRESS],
    "copy_cut": [_TEXT, c_int32, c_int32, c_int32, _ADDRESS],
    "copy_learn": [_ADDRESS, c_uint64, c_int32],
    "copy_find": [_ADDRESS, _ADDRESS, _TEXT, _TEXT, c_int32, c_int32, _ADDRESS],
    "copy_mix": [_ADDRESS, _ADDRESS, _ADDRESS, c_int32, *(5 * [_ADDRESS])],
}


@cache
def library() -> ctypes.CDLL | None:
    """The compiled library; None where there is none."""
    sizes = 10000 * ctypes.sizeof(Candidates) + 40 * ctypes.sizeof(MixtureStructure)
    sizes += sum(map(ctypes.sizeof, (LineState, Text, Group, WordTable)))
    found = find_library_for("copy_sizes", sizes).library
    if found is not None:
        for name, arguments in _ARGUMENTS.items():
            getattr(found, name).argtypes = arguments
    return found
