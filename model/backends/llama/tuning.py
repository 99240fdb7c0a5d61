"""How torch multiplies fastest on this CPU: by which product, with how many threads, how many tokens at a time.

Measured at load on a matrix of the model's own size, since no table of processors is right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import torch

from .linears import Linear

_ROUNDS = 3
_REPEATS = 4
_CHUNK_ROWS = 64
_CHUNKS = (512, 256, 128, 64, 32)
_LONGEST_PRODUCT_S = 0.06  # a cancel is looked at between two products
_WORTH_A_THREAD = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuTuning:
    """`product`: the position of the fastest one in the list that was measured. `chunk_tokens`: as many tokens of a
    prompt at a time as one product computes before a cancel would wait too long."""

    product: int
    chunk_tokens: int


def tune(products: Sequence[Linear], inputs: int, dtype: torch.dtype) -> CpuTuning:
    """Measures `products`, all with a matrix of so many inputs; for one row, as a token has it, the fastest wins."""
    seconds = [_best_s(product, inputs, dtype) for product in products]
    fastest = seconds.index(min(seconds))
    row_s = _best_s(products[fastest], inputs, dtype, rows=_CHUNK_ROWS, repeats=2) / _CHUNK_ROWS
    return CpuTuning(product=fastest, chunk_tokens=_longest_chunk(row_s))


def _longest_chunk(row_s: float) -> int:
    for chunk in _CHUNKS:
        if chunk * row_s <= _LONGEST_PRODUCT_S:
            return chunk
    return _CHUNKS[-1]


def choose_threads(product: Linear, inputs: int, dtype: torch.dtype, most: int) -> int:
    """Has torch compute with the `fewest_threads` that are fast enough."""

    def seconds(threads: int) -> float:
        torch.set_num_threads(threads)
        return _best_s(product, inputs, dtype)

    best = fewest_threads(seconds, most)
    torch.set_num_threads(best)
    return best


def fewest_threads(seconds: Callable[[int], float], most: int) -> int:
    """The fewest threads, of at most `most`, with which a token takes hardly longer than with more.

    `seconds`: what it takes with so many. They are measured in turn, so that another program that wakes up meanwhile
    does not decide.
    """
    candidates = sorted({1, most // 4, most // 2, most} - {0})
    best_s = dict.fromkeys(candidates, float("inf"))
    for _ in range(_ROUNDS):
        for threads in best_s:
            best_s[threads] = min(best_s[threads], seconds(threads))
    fewest = 1
    for threads, took in best_s.items():
        if took < best_s[fewest] * _WORTH_A_THREAD:
            fewest = threads
    return fewest


def _best_s(product: Linear, inputs: int, dtype: torch.dtype, *, rows: int = 1, repeats: int = _REPEATS) -> float:
    """Seconds of a product, the best of some, after one that warms up."""
    batch = torch.randn(rows, inputs, dtype=dtype)
    product(batch)
    return min(_seconds(product, batch) for _ in range(repeats))


def _seconds(product: Linear, batch: torch.Tensor) -> float:
    started = perf_counter()
    product(batch)
    return perf_counter() - started
