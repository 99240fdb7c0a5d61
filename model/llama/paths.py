"""Which product is fastest on this CPU, for a few rows and for many, and with how many threads.

Measured at load on a matrix of the model's own size, since no table of processors is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import torch

from .linears import Linear

ROWS = (1, 4, 16, 64)
"""The numbers of rows that are measured: a token, a draft, and parts of a prompt."""

_REPEATS = (9, 5, 3, 2)
_CHUNKS = (512, 256, 128, 64, 32)
_LONGEST_PRODUCT_S = 0.06  # a cancel is looked at between two products
_WORTH_A_THREAD = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Positions in the list of products that were measured: `few` for up to `few_rows` rows, `many` for more.

    `chunk_tokens`: so many rows that no product takes so long that a cancel would wait.
    """

    few: int
    many: int
    few_rows: int
    chunk_tokens: int


def choose_paths(products: Sequence[Linear], inputs: int, dtype: torch.dtype) -> Paths:
    """The fastest of `products`, all with a matrix of so many inputs."""
    seconds = [[_fastest(one, inputs, dtype, *size) for size in zip(ROWS, _REPEATS, strict=True)] for one in products]
    best = [min(range(len(products)), key=lambda n, size=size: seconds[n][size]) for size in range(len(ROWS))]
    few, many = best[0], best[-1]
    changes = next((n for n, one in enumerate(best) if one != few), len(ROWS))
    per_row = seconds[many][-1] / ROWS[-1]
    fitting = (chunk for chunk in _CHUNKS if chunk * per_row <= _LONGEST_PRODUCT_S)
    return Paths(few=few, many=many, few_rows=ROWS[changes - 1], chunk_tokens=next(fitting, _CHUNKS[-1]))


def choose_threads(product: Linear, inputs: int, dtype: torch.dtype, most: int) -> int:
    """So many threads that more would hardly bring a token earlier; torch is left with them."""
    best, best_s = 1, float("inf")
    for threads in sorted({1, most // 4, most // 2, most} - {0}):
        torch.set_num_threads(threads)
        seconds = _fastest(product, inputs, dtype, 1, _REPEATS[0])
        if seconds < best_s * _WORTH_A_THREAD:
            best, best_s = threads, seconds
    torch.set_num_threads(best)
    return best


def _fastest(product: Linear, inputs: int, dtype: torch.dtype, rows: int, repeats: int) -> float:
    """Seconds of a product, the best of some."""
    batch = torch.randn(rows, inputs, dtype=dtype)
    product(batch)
    return min(_seconds(product, batch) for _ in range(repeats))


def _seconds(product: Linear, batch: torch.Tensor) -> float:
    started = perf_counter()
    product(batch)
    return perf_counter() - started
