"""A model whose every token depends on all before it, and that notes what it is asked to compute."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event

import torch
from seekline import model

VOCABULARY = 50


class CountedKeyValues:
    """The sequence itself."""

    def __init__(self, capacity_tokens: int) -> None:
        self.capacity_tokens = capacity_tokens
        self.sequence: list[int] = []

    @property
    def bytes(self) -> int:
        return self.capacity_tokens

    def rewind(self, length: int) -> None:
        del self.sequence[length:]

    def copy_from(self, other: CountedKeyValues, length: int) -> None:
        self.sequence = other.sequence[:length]


class CountingBackend:
    """Predicts the sum of the sequence plus one, so that any error in what is kept shows in every later token.

    It forgets `capacity_tokens` at most: a sequence that has no room is an error.
    """

    context_tokens = 100
    device = "cpu"
    kv_bytes_per_token = 1

    def __init__(self) -> None:
        self.chunks: list[list[int]] = []
        self.fail_at: int | None = None
        self.before_forward = lambda: None

    def new_kv(self, capacity_tokens: int) -> CountedKeyValues:
        return CountedKeyValues(capacity_tokens)

    def forward(self, ids: Sequence[int], kv: CountedKeyValues, cancel: Event, *, logits: int = 1) -> torch.Tensor:
        self.before_forward()
        kv.sequence += ids
        assert len(kv.sequence) <= kv.capacity_tokens
        if self.fail_at is not None and len(self.chunks) == self.fail_at:
            raise model.OutOfMemory("The device is full.", "Buy another.")
        self.chunks.append(list(ids))
        found = torch.zeros(logits, VOCABULARY)
        for row, length in enumerate(range(len(kv.sequence) - logits + 1, len(kv.sequence) + 1)):
            found[row, (sum(kv.sequence[:length]) + 1 + self.error_after(length)) % VOCABULARY] = 1
        return found

    def error_after(self, length: int) -> int:
        """How far off the prediction behind so many tokens is."""
        return 0


def expected(ids: list[int], count: int) -> list[int]:
    tokens: list[int] = []
    for _ in range(count):
        tokens.append((sum(ids) + sum(tokens) + 1) % VOCABULARY)
    return tokens
