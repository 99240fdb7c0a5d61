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
from ..prompt_ids import ids_of

_BUCKET_STEPS = 16
"""Samples of so many steps are sorted by length, so that those of one batch are nearly equally long."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """`ids`: (tokens,), int32. `ids[first:]` is to be foretold, the end token included where the sample ends. `file`:
    which it is of."""

    ids: np.ndarray
    first: int
    file: str

    @property
    def targets(self) -> int:
        return len(self.ids) - self.first


class Encoder:
    """Makes rows for one model, and counts what did not fit: `cut` prompts that were shortened, `dropped` completions
    that exceed a row or have nothing to foretell."""

    def __init__(self, tokenizer: Tokenizer, end: int, row_tokens: int) -> None:
        """`end`: the id that the model ends a text with."""
        self._tokenizer = tokenizer
        self._end = end
        self._row_tokens = row_tokens
        self.cut = 0
        self.dropped = 0

    def row(self, sample: Sample) -> Row | None:
        """None where it was dropped. Raises `UnsupportedBase` for a sample of another model."""
        answer = self._tokenizer.encode_text(sample.completion)
        if sample.ends:
            answer.append(self._end)
        pieces = [encode_piece(piece, self._tokenizer) for piece in sample.pieces]
        texts = [number for number, piece in enumerate(sample.pieces) if isinstance(piece, fim.Text)]
        excess = sum(map(len, pieces)) + len(answer) - self._row_tokens
        if excess > 0:
            _shorten(pieces, texts, excess)
        prompt = [id for piece in pieces for id in piece]
        if not answer or not prompt or len(prompt) + len(answer) > self._row_tokens:
            self.dropped += 1
            return None
        self.cut += excess > 0
        return Row(
            ids=np.array([*prompt, *answer], dtype=np.int32),
            first=len(prompt),
            file=f"{sample.repository}/{sample.path}",
        )


def encode_piece(piece: fim.Text | fim.Special, tokenizer: Tokenizer) -> list[int]:
    """Its ids. Raises `UnsupportedBase` for a control token of another model."""
    if isinstance(piece, fim.Special) and not tokenizer.has_control_token(piece.token):
        raise UnsupportedBase(
            f"The samples were made for another model: they have the control token {piece.token[:80]!r}, which this "
            "one has not.",
            "Make samples for this model, or name the one that they were made for with --model.",
        )
    return ids_of(piece, tokenizer)


def _shorten(pieces: list[list[int]], texts: list[int], excess: int) -> None:
    """Takes so many ids from the left of the longest text, then of the next: control tokens stay."""
    for number in sorted(texts, key=lambda number: len(pieces[number]), reverse=True):
        taken = min(excess, len(pieces[number]))
        pieces[number] = pieces[number][taken:]
        excess -= taken


def steps_in(rows: Sequence[Row], batch_tokens: int, seed: int, epoch: int) -> list[tuple[int, ...]]:
    """The steps of one epoch: numbers of rows, each row once. A step has as many as fill `batch_tokens` with padding,
    and at least one."""
    draw = np.random.default_rng((seed, epoch))
    order = draw.permutation(len(rows)).tolist()
    mean = sum(len(row.ids) for row in rows) // max(1, len(rows))
    bucket = max(1, _BUCKET_STEPS * batch_tokens // max(1, mean))
    steps: list[tuple[int, ...]] = []
    for start in range(0, len(order), bucket):
        by_length = sorted(order[start : start + bucket], key=lambda number: len(rows[number].ids))
        steps += batches(by_length, rows, batch_tokens)
    return [steps[number] for number in draw.permutation(len(steps)).tolist()]


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
