"""From samples to ids as the server makes them, and from those to the batches of each step.

What step n sees follows from (seed, n) alone, so that a resumed run goes on as if it had never stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ... import fim
from ...model.tokenizer import Tokenizer
from ..data.sample import Sample
from ..errors import UnsupportedBase

_BUCKET_STEPS = 16
"""Samples of so many steps are sorted by length, so that those of one batch are nearly equally long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`ids[first:]` is to be foretold, the end token included where the sample ends; `file` is which it is of."""

    ids: tuple[int, ...]
    first: int
    file: str

    @property
    def targets(self) -> int:
        return len(self.ids) - self.first


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """`cut`: how many prompts were shortened. `dropped`: completions that exceed a row, or have nothing to foretell."""

    rows: tuple[Row, ...]
    cut: int
    dropped: int


def rows_of(samples: Sequence[Sample], tokenizer: Tokenizer, end: int, row_tokens: int) -> Rows:
    """The samples' ids. `end`: what the model ends a text with. Raises `UnsupportedBase`."""
    rows: list[Row] = []
    cut = dropped = 0
    for sample in samples:
        answer = [*tokenizer.encode_text(sample.completion), *([end] if sample.ends else [])]
        pieces = [encode_piece(piece, tokenizer) for piece in sample.pieces]
        excess = sum(map(len, pieces)) + len(answer) - row_tokens
        texts = [number for number, piece in enumerate(sample.pieces) if isinstance(piece, fim.Text)]
        if not answer or not pieces or excess > sum(len(pieces[number]) for number in texts):
            dropped += 1
            continue
        cut += excess > 0
        prompt = [id for piece in _shortened(pieces, texts, excess) for id in piece]
        file = f"{sample.repository}/{sample.path}"
        rows.append(Row(ids=(*prompt, *answer), first=len(prompt), file=file))
    return Rows(rows=tuple(rows), cut=cut, dropped=dropped)


def encode_piece(piece: fim.Text | fim.Special, tokenizer: Tokenizer) -> list[int]:
    """Text becomes text, whatever it spells; only a special piece becomes a control token."""
    if isinstance(piece, fim.Text):
        return tokenizer.encode_text(piece.text)
    if not tokenizer.has_control_token(piece.token):
        raise UnsupportedBase(
            f"The samples were made for another model: they have the control token {piece.token[:80]!r}, which the "
            "base has not.",
            "Make samples for this model, or name the one that they were made for with --model.",
        )
    return [tokenizer.control_id(piece.token)]


def _shortened(pieces: list[list[int]], texts: list[int], excess: int) -> list[list[int]]:
    """The pieces without so many ids, taken from the left of the longest text first: control tokens stay."""
    for number in sorted(texts, key=lambda number: len(pieces[number]), reverse=True):
        if excess <= 0:
            break
        taken = min(excess, len(pieces[number]))
        pieces[number] = pieces[number][taken:]
        excess -= taken
    return pieces


def steps_in(rows: Sequence[Row], batch_tokens: int, seed: int, epoch: int) -> list[tuple[int, ...]]:
    """The steps of one epoch: numbers of rows, each row once. A step has as many as fill `batch_tokens` with padding,
    and at least one."""
    draw = np.random.default_rng((seed, epoch))
    order = [int(number) for number in draw.permutation(len(rows))]
    bucket = max(1, _BUCKET_STEPS * batch_tokens // max(1, _mean_length(rows)))
    steps: list[tuple[int, ...]] = []
    for start in range(0, len(order), bucket):
        by_length = sorted(order[start : start + bucket], key=lambda number: len(rows[number].ids))
        steps += batches(by_length, rows, batch_tokens)
    return [steps[int(number)] for number in draw.permutation(len(steps))]


def batches(numbers: Sequence[int], rows: Sequence[Row], most_tokens: int) -> list[tuple[int, ...]]:
    """The numbers in their order, in groups that with padding have at most so many tokens, and at least one row."""
    found: list[tuple[int, ...]] = []
    group: list[int] = []
    longest = 0
    for number in numbers:
        longest = max(longest, len(rows[number].ids))
        if group and (len(group) + 1) * longest > most_tokens:
            found.append(tuple(group))
            group, longest = [], len(rows[number].ids)
        group.append(number)
    return [*found, tuple(group)] if group else found


def _mean_length(rows: Sequence[Row]) -> int:
    return sum(len(row.ids) for row in rows) // max(1, len(rows))
