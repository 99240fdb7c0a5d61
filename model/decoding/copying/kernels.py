"""What the copy model and the mixture compute in C, or in Python where the C code is not compiled."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy

from . import reference, reference_mixture
from .native import FEATURES, LONGEST, MAX_RANKED, Candidates, LineState, library

if TYPE_CHECKING:
    from .first_tokens import FirstTokens
    from .mixture_weights import MixtureModel
    from .text_group import TextGroup


def normalize(text: bytes, starts_line: bool, is_open: bool, columns: int) -> tuple[bytes, int]:
    native = library()
    if native is None:
        return reference.normalize(text, starts_line, is_open, columns)
    found = ctypes.c_int32(columns)
    room = ctypes.create_string_buffer(len(text) + text.count(b"\n") + 2)
    size = native.copy_normalize(text, len(text), starts_line, is_open, ctypes.byref(found), room)
    return ctypes.string_at(room, size), found.value


def sort(whole: bytes, places: int) -> numpy.ndarray:
    native = library()
    if native is None:
        return reference.sort(whole, places)
    order = numpy.empty(places, dtype=numpy.int32)
    if not native.copy_sort(whole, places, order.ctypes.data):
        raise MemoryError
    return order


def cut(text: bytes, shortest: int, longest: int) -> list[int]:
    native = library()
    if native is None:
        return reference.cut(text, shortest, longest)
    ends = (ctypes.c_int32 * (len(text) // shortest + 2))()
    count = native.copy_cut(text, len(text), shortest, longest, ends)
    return ends[:count]


def find(
    groups: Sequence[TextGroup],
    first_tokens: FirstTokens,
    context: bytes,
    must: bytes,
    newline: int,
    found: Candidates,
) -> None:
    """Writes into `found` what speaks for each next token."""
    native = library()
    if native is None:
        reference.find(groups, first_tokens.of, context, must, newline, found)
        return
    while True:
        found.count = found.unknown = 0
        for group in groups:
            address = first_tokens.table_address
            native.copy_find(
                ctypes.byref(group.structure), address, context, must, len(must), newline, ctypes.byref(found)
            )
        if not found.unknown:
            return
        for number in range(found.unknown):
            first = number * LONGEST
            word = bytes(found.word[first : first + found.word_size[number]])
            native.copy_learn(first_tokens.room(), found.word_key[number], first_tokens.of(word))


def mix(
    mixture: MixtureModel,
    logits: numpy.ndarray,
    allowed: numpy.ndarray | None,
    found: Candidates,
    line: bytes,
    tokens: int,
    must_size: int,
) -> numpy.ndarray:
    """The logarithms of the mixed probabilities of all tokens. See `Mixture.mix`."""
    native = library()
    if native is None:
        return reference_mixture.mix(mixture, logits, allowed, found, line, tokens, must_size)
    return _mix(native, mixture, logits, allowed, found, LineState(line, len(line), tokens, must_size), None, None)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedTokens:
    """The tokens that a mixture ranks, for whoever fits its weights: shape (tokens,). `features`: shape (tokens, 63).
    `backoff`: their log-probabilities before the network."""

    tokens: numpy.ndarray
    features: numpy.ndarray
    backoff: numpy.ndarray


def rank(
    mixer: MixtureModel,
    logits: numpy.ndarray,
    allowed: numpy.ndarray | None,
    found: Candidates,
    line: bytes,
    tokens: int,
    must_size: int,
) -> RankedTokens:
    """What `mix` ranks. Raises RuntimeError where the C code is not compiled."""
    native = library()
    if native is None:
        raise RuntimeError("a mixture can be fitted only where the C code is compiled")
    features = numpy.empty((MAX_RANKED, FEATURES + 1), dtype=numpy.float32)
    ids = numpy.empty(MAX_RANKED, dtype=numpy.int32)
    state = LineState(line, len(line), tokens, must_size)
    count = _mix(native, mixer, logits, allowed, found, state, features, ids)[1]
    rows = features[:count]
    return RankedTokens(tokens=ids[:count], features=rows[:, :FEATURES], backoff=rows[:, FEATURES])


def _mix(
    native: ctypes.CDLL,
    mixer: MixtureModel,
    logits: numpy.ndarray,
    allowed: numpy.ndarray | None,
    found: Candidates,
    state: LineState,
    features: numpy.ndarray | None,
    tokens: numpy.ndarray | None,
) -> tuple[numpy.ndarray, int]:
    logits = numpy.ascontiguousarray(logits, dtype=numpy.float32)
    out = numpy.full(len(logits), -numpy.inf, dtype=numpy.float32)
    ids = None if allowed is None else numpy.ascontiguousarray(allowed, dtype=numpy.int64)
    count = native.copy_mix(
        ctypes.byref(mixer.structure),
        logits.ctypes.data,
        None if ids is None else ids.ctypes.data,
        0 if ids is None else len(ids),
        ctypes.byref(found),
        ctypes.byref(state),
        out.ctypes.data,
        None if features is None else features.ctypes.data,
        None if tokens is None else tokens.ctypes.data,
    )
    return out, count
