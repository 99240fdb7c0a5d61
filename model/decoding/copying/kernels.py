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
    from .inputs import NextToken, Search
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


def sort(whole: bytes, sizes: Sequence[int]) -> numpy.ndarray:
    native = library()
    if native is None:
        return reference.sort(whole, sizes)
    order = numpy.empty(sum(sizes), dtype=numpy.int32)
    if not native.copy_sort(whole, (ctypes.c_int32 * len(sizes))(*sizes), len(sizes), order.ctypes.data):
        raise MemoryError
    return order


def cut(text: bytes, shortest: int, longest: int) -> list[int]:
    native = library()
    if native is None:
        return reference.cut(text, shortest, longest)
    ends = (ctypes.c_int32 * (len(text) // shortest + 2))()
    count = native.copy_cut(text, len(text), shortest, longest, ends)
    return ends[:count]


def find(groups: Sequence[TextGroup], first_tokens: FirstTokens, search: Search, found: Candidates) -> None:
    """Writes into `found` what speaks for each next token."""
    native = library()
    if native is None:
        reference.find(groups, first_tokens.of, search, found)
        return
    asked = search.context, search.must, len(search.must), search.newline
    while True:
        found.count = found.unknown = 0
        for group in groups:
            native.copy_find(ctypes.byref(group.structure), first_tokens.table_address, *asked, ctypes.byref(found))
        if not found.unknown:
            return
        for number in range(found.unknown):
            first = number * LONGEST
            word = bytes(found.word[first : first + found.word_size[number]])
            native.copy_learn(first_tokens.room(), found.word_key[number], first_tokens.of(word))


def mix(mixture: MixtureModel, next: NextToken, found: Candidates) -> numpy.ndarray:
    """The logarithms of the mixed probabilities of all tokens. See `Mixture.mix`."""
    native = library()
    if native is None:
        return reference_mixture.mix(mixture, next, found)
    return _mix(native, mixture, next, found)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedTokens:
    """The tokens that a mixture ranks, for whoever fits its weights: shape (tokens,). `features`: shape (tokens, 63).
    `backoff`: their log-probabilities before the network."""

    tokens: numpy.ndarray
    features: numpy.ndarray
    backoff: numpy.ndarray


def rank(mixture: MixtureModel, next: NextToken, found: Candidates) -> RankedTokens:
    """What `mix` ranks. Raises RuntimeError where the C code is not compiled."""
    native = library()
    if native is None:
        raise RuntimeError("a mixture can be fitted only where the C code is compiled")
    features = numpy.empty((MAX_RANKED, FEATURES + 1), dtype=numpy.float32)
    ids = numpy.empty(MAX_RANKED, dtype=numpy.int32)
    count = _mix(native, mixture, next, found, features.ctypes.data, ids.ctypes.data)[1]
    rows = features[:count]
    return RankedTokens(tokens=ids[:count], features=rows[:, :FEATURES], backoff=rows[:, FEATURES])


def _mix(
    native: ctypes.CDLL,
    mixture: MixtureModel,
    next: NextToken,
    found: Candidates,
    features: int | None = None,
    ids: int | None = None,
) -> tuple[numpy.ndarray, int]:
    """The logarithms, and how many tokens were ranked. `features`, `ids`: addresses that these are written to."""
    logits = numpy.ascontiguousarray(next.logits, dtype=numpy.float32)
    out = numpy.full(len(logits), -numpy.inf, dtype=numpy.float32)
    allowed = None if next.allowed is None else numpy.ascontiguousarray(next.allowed, dtype=numpy.int64)
    count = native.copy_mix(
        ctypes.byref(mixture.structure),
        logits.ctypes.data,
        None if allowed is None else allowed.ctypes.data,
        0 if allowed is None else len(allowed),
        ctypes.byref(found),
        ctypes.byref(LineState(next.line, len(next.line), next.tokens, next.must_size)),
        out.ctypes.data,
        features,
        ids,
    )
    return out, count
