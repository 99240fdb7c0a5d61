"""Decode steps that the device replays as a whole: launching some hundred kernels one by one takes longer than they do.

A step reads its tokens and positions from tensors that stay in place, so that one recording serves every step of its
kind in one KV cache, up to a length rounded up to a power of two. What records is a `Recorder`: CUDA's is in `cuda`;
with another, all but the recording itself runs, and is tested, on a CPU.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias
from weakref import WeakKeyDictionary

import torch

from ...loading.memory import is_out_of_memory
from .network import KeyValues, Llama

log = logging.getLogger(__name__)

Run: TypeAlias = Callable[[], torch.Tensor]
Read: TypeAlias = Callable[[], int]

WIDEST = 8
"""The most tokens of a step: one, and the longest draft."""

STOPPED = -1
"""What a step that chooses says of a stop token."""

_SHORTEST_TOKENS = 256


class Recorder(Protocol):
    """What a device has beside kernels."""

    def record(self, run: Run) -> Run:
        """From a function over tensors in place to one that does the same again; it may run it meanwhile."""
        ...

    def fetch(self, number: torch.Tensor) -> Read:
        """Begins to bring an integer, shape (1,), to the host as it is now; what it returns waits for it."""
        ...


@dataclass(frozen=True, slots=True)
class _Kind:
    """Which steps one recording serves; `length`: so many tokens of the KV cache are looked at."""

    width: int
    chooses: bool
    length: int


class Steps:
    """Records and replays the steps of one network. A recording lives as long as its KV cache.

    A product that cannot be recorded, as of a library that waits for the device, costs speed and no completion: then
    steps run anew each time.
    """

    def __init__(self, network: Llama, recorder: Recorder, *, vocabulary_size: int) -> None:
        self._network = network
        self._record = recorder.record
        self.fetch = recorder.fetch
        self.device = str(network.device)
        self._vocabulary_size = vocabulary_size
        self._recorded: WeakKeyDictionary[KeyValues, dict[_Kind, Run]] = WeakKeyDictionary()
        self._inputs = {width: (self._integers(width), self._integers(width)) for width in range(1, WIDEST + 1)}
        self._stop_ids: frozenset[int] | None = None
        self._outcomes = self._integers(vocabulary_size)

    def _integers(self, count: int) -> torch.Tensor:
        return torch.zeros(count, dtype=torch.int64, device=self._network.device)

    def run(self, ids: Sequence[int], kv: KeyValues) -> torch.Tensor:
        """The logits after each of at most `WIDEST` tokens, shape (n, vocabulary), overwritten by the next step; their
        keys and values stand behind the `kv.length` tokens that are there, and are not counted in yet."""
        tokens, positions = self._inputs[len(ids)]
        tokens.copy_(torch.tensor(ids), non_blocking=True)
        positions.copy_(torch.arange(kv.length, kv.length + len(ids)), non_blocking=True)
        return self._replay(kv, len(ids), chooses=False)

    def stop_at(self, stop_ids: Collection[int]) -> None:
        """The tokens that `choose` and `choose_from` give as `STOPPED` from now on."""
        if self._stop_ids != (wanted := frozenset(stop_ids)):
            outcomes = [STOPPED if id in wanted else id for id in range(self._vocabulary_size)]
            self._outcomes.copy_(torch.tensor(outcomes))
            self._stop_ids = wanted

    def choose_from(self, logits: torch.Tensor) -> torch.Tensor:
        """The likeliest token, or `STOPPED`, shape (1,), of logits of shape (1, vocabulary). Nothing waits."""
        return self._outcomes.index_select(0, logits[:, : self._vocabulary_size].argmax(-1))

    def choose(self, last: torch.Tensor, kv: KeyValues) -> torch.Tensor:
        """What `choose_from` says of the logits after `last`, an outcome of this method or of that one, which stays on
        the device. It is overwritten by the next step; for keys and values see `run`."""
        tokens, positions = self._inputs[1]
        torch.clamp(last, min=0, out=tokens)  # behind a stop token nobody reads on, but the device must find something
        positions.fill_(kv.length)
        return self._replay(kv, 1, chooses=True)

    def _replay(self, kv: KeyValues, width: int, *, chooses: bool) -> torch.Tensor:
        length = min(kv.capacity_tokens, max(_SHORTEST_TOKENS, 1 << (kv.length + width - 1).bit_length()))
        recorded, kind = self._recorded.setdefault(kv, {}), _Kind(width, chooses, length)
        if (replay := recorded.get(kind)) is None:
            replay = recorded[kind] = self._recording(self._step(kv, kind))
        return replay()

    def _recording(self, run: Run) -> Run:
        try:
            return self._record(run)
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            log.warning("Steps are not recorded on %s, and so slower: %s", self.device, error)
            self._record = _as_it_is
            return run

    def _step(self, kv: KeyValues, kind: _Kind) -> Run:
        """It does the same however often it runs: what it reads, it does not write."""
        network, (tokens, positions) = self._network, self._inputs[kind.width]
        layers = [(keys[:, : kind.length], values[:, : kind.length]) for keys, values in kv.layers]
        seen = torch.arange(kind.length, device=network.device)

        def run() -> torch.Tensor:
            logits = network.step(tokens, positions, layers, seen <= positions[:, None])
            return self.choose_from(logits) if kind.chooses else logits

        return run


def _as_it_is(run: Run) -> Run:
    return run
