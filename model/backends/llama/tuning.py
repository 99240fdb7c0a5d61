"""Which product is fastest on this CPU for a token, with how many threads, and how much of a prompt to do at a time.

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
class Paths:
    """`fastest`: the position of a product in the list that was measured. `chunk_tokens`: so many rows that no product
    takes so long that a cancel would wait."""

    fastest: int
    chunk_tokens: int


def choose_paths(products: Sequence[Linear], inputs: int, dtype: torch.dtype) -> Paths:
    """The fastest of `products` for one row, all with a matrix of so many inputs."""
    seconds = [_best_s(product, inputs, dtype) for product in products]
    fastest = seconds.index(min(seconds))
    per_row = _best_s(products[fastest], inputs, dtype, rows=_CHUNK_ROWS, repeats=2) / _CHUNK_ROWS
    fitting = (chunk for chunk in _CHUNKS if chunk * per_row <= _LONGEST_PRODUCT_S)
    return Paths(fastest=fastest, chunk_tokens=next(fitting, _CHUNKS[-1]))


def choose_threads(product: Linear, inputs: int, dtype: torch.dtype, most: int) -> int:
    """See `fewest_threads`; torch is left with them."""

    def seconds(threads: int) -> float:
        torch.set_num_threads(threads)
        return _best_s(product, inputs, dtype)

    best = fewest_threads(seconds, most)
    torch.set_num_threads(best)
    return best


def fewest_threads(seconds: Callable[[int], float], most: int) -> int:
    """So many threads, of at most `most`, that more would hardly bring a token earlier. `seconds`: what it takes with
    as many; measured in turn, since another program that wakes up meanwhile shall not decide."""
    best_s = dict.fromkeys(sorted({1, most // 4, most // 2, most} - {0}), float("inf"))
    for _ in range(_ROUNDS):
        for threads in best_s:
            best_s[threads] = min(best_s[threads], seconds(threads))
    fewest = 1
    for threads, took in best_s.items():
        if took < best_s[fewest] * _WORTH_A_THREAD:
            fewest = threads
    return fewest


def _best_s(product: Linear, inputs: int, dtype: torch.dtype, *, rows: int = 1, repeats: int = _REPEATS) -> float:
    """Seconds of a product, the best of some, after one that nobody counts."""
    batch = torch.randn(rows, inputs, dtype=dtype)
    product(batch)
    return min(_seconds(product, batch) for _ in range(repeats))


def _seconds(product: Linear, batch: torch.Tensor) -> float:
    started = perf_counter()
    product(batch)
    return perf_counter() - started
