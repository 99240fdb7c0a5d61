"""What the kernels are asked about one next token."""

from __future__ import annotations

from dataclasses import dataclass

import numpy


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to find copies for. `context`: the `LONGEST` bytes before the next token, as they are compared. `must`: what
    it has to begin with, which stands behind them in the text. `newline`: the token that ends a line."""

    context: bytes
    must: bytes
    newline: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NextToken:
    """What is known of the next token. `logits`: the model's, shape (vocabulary,). `allowed`: those it may be, None
    for all. `line`: its line as far as it is known, of which it has to write the last `must_size` bytes again.
    `tokens`: how many were written before it."""

    logits: numpy.ndarray
    allowed: numpy.ndarray | None
    line: bytes
    must_size: int
    tokens: int
