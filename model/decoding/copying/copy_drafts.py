"""Drafts by the copy model: its likeliest tokens, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy

from .native import MOST_TOKENS, ORDERS, SOURCES

if TYPE_CHECKING:
    from .copy_model import CopyModel
    from .mixture_weights import MixtureWeights
    from .native import Candidates

LEAST_PROBABILITY = 0.1
"""Of a draft, all its tokens together."""


class CopyDrafts:
    """The drafts of one completion. `weights`: how a mixture weighs the copies."""

    def __init__(self, copies: CopyModel, weights: MixtureWeights, bytes_of: Callable[[int], bytes]) -> None:
        self._copies = copies
        self._weights = weights
        self._bytes_of = bytes_of
        self._written = b""

    def extend(self, ids: Iterable[int]) -> None:
        """Adds tokens that were generated."""
        self._written += b"".join(map(self._bytes_of, ids))

    def propose(self, most: int) -> list[int]:
        """At most `most` tokens that may come next, as far as they are likely enough together."""
        return self.propose_behind(self._written, most)

    def propose_behind(self, written: bytes, most: int) -> list[int]:
        """The same where `written` follows the prompt."""
        draft: list[int] = []
        together = 1.0
        while len(draft) < most:
            found = self._copies.find(written)
            if not found.count:
                break
            probabilities = backoff(self._weights, found)
            likeliest = int(probabilities.argmax())
            together *= float(probabilities[likeliest])
            if together < LEAST_PROBABILITY:
                break
            draft.append(found.token[likeliest])
            written += self._bytes_of(draft[-1])
        return draft


def backoff(weights: MixtureWeights, found: Candidates) -> numpy.ndarray:
    """The probability of each candidate, shape (candidates,), by interpolated backoff over the lengths of contexts: as
    in `reference_mixture`, where the model, which is the shortest context, says nothing."""
    counts = numpy.frombuffer(found.counts, dtype=numpy.float32).reshape(MOST_TOKENS, ORDERS, SOURCES)[: found.count]
    own = (counts * weights.weight).sum(axis=2)
    kinds = (counts > 0).sum(axis=0).max(axis=1)
    shorter = weights.constant + weights.per_kind * kinds
    every = own.sum(axis=0) + shorter
    # What longer contexts leave over of each length.
    left = numpy.append(numpy.cumprod((shorter / every)[:0:-1])[::-1], 1)
    return own @ (left / every)
