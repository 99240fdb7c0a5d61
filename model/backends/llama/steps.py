"""Decode steps that the device replays as a whole, as CUDA replays its graphs: launching the some hundred kernels of a
step one by one takes longer than they run.

A step reads its tokens and positions from tensors that stay in place, so that one recording serves every step of its
kind in one KV cache, up to a length rounded up to a power of two. What records is a `Recorder`: CUDA's is in `cuda`,
and with that of the tests everything but the recording itself runs on a CPU.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias
from weakref import WeakKeyDictionary

import torch

from ...loading.memory import is_out_of_memory
from .kv_cache import LlamaKVCache
from .torch_forward import TorchLlama

log = logging.getLogger(__name__)

StepFunction: TypeAlias = Callable[[], torch.Tensor]
ReadInt: TypeAlias = Callable[[], int]

MAX_STEP_TOKENS = 8
"""The most tokens of a step: one, and the longest draft."""

STOPPED = -1
"""The outcome of a step that chose a stop token."""

_SHORTEST_TOKENS = 256


class Recorder(Protocol):
    """What a device can do with steps: record them, and bring their outcome to the host without waiting."""

    def record(self, run: StepFunction) -> StepFunction:
        """From a function over tensors in place to one that does the same again; it may run it meanwhile."""
        ...

    def fetch(self, number: torch.Tensor) -> ReadInt:
        """Begins to bring an integer, shape (1,), to the host as it is now; what it returns waits for it."""
        ...

    def another(self) -> Recorder:
        """One for another network, whose steps may run between those of this one."""
        ...


@dataclass(frozen=True, slots=True)
class _StepKind:
    """Which steps one recording serves. `chooses`: whether a step ends with the chosen token, else with the logits.
    `kv_tokens`: how much of the KV cache attention looks at."""

    tokens: int
    chooses: bool
    kv_tokens: int


class StepGraphs:
    """Records and replays the steps of one network. A recording lives as long as its KV cache.

    Where recording fails, as with a library that waits for the device in its products, steps run anew each time: that
    costs speed and no completion.
    """

    def __init__(self, network: TorchLlama, recorder: Recorder, *, vocabulary_size: int) -> None:
        self._network = network
        self._record = recorder.record
        self.fetch = recorder.fetch
        self.device = str(network.device)
        self._vocabulary_size = vocabulary_size
        self._recorded: WeakKeyDictionary[LlamaKVCache, dict[_StepKind, StepFunction]] = WeakKeyDictionary()
        self._inputs: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}  # tokens and positions, by how many there are
        for count in range(1, MAX_STEP_TOKENS + 1):
            self._inputs[count] = (self._integers(count), self._integers(count))
        self._stop_ids: frozenset[int] | None = None
        self._outcomes = self._integers(vocabulary_size)

    def _integers(self, count: int) -> torch.Tensor:
        return torch.zeros(count, dtype=torch.int64, device=self._network.device)

    def run(self, ids: Sequence[int], kv: LlamaKVCache) -> torch.Tensor:
        """Logits after each of at most `MAX_STEP_TOKENS` tokens, shape (n, vocabulary); the next step overwrites it.

        Their keys and values are written behind the `kv.length` tokens that are there; the caller counts them in.
        """
        tokens, positions = self._inputs[len(ids)]
        tokens.copy_(torch.tensor(ids), non_blocking=True)
        positions.copy_(torch.arange(kv.length, kv.length + len(ids)), non_blocking=True)
        return self._replay(kv, len(ids), chooses=False)

    def forget(self) -> None:
        """Gives up all recordings: the network computes something else from now on."""
        self._recorded.clear()

    def integers(self, numbers: Sequence[int]) -> torch.Tensor:
        """A tensor of its own on the device."""
        return torch.tensor(numbers, dtype=torch.int64, device=self._network.device)

    def stop_at(self, stop_ids: Collection[int]) -> None:
        """The tokens that `choose` and `choose_from` give as `STOPPED` from now on."""
        wanted = frozenset(stop_ids)
        if self._stop_ids == wanted:
            return
        outcomes = list(range(self._vocabulary_size))
        for id in wanted.intersection(outcomes):
            outcomes[id] = STOPPED
        self._outcomes.copy_(torch.tensor(outcomes))
        self._stop_ids = wanted

    def choose_from(self, logits: torch.Tensor) -> torch.Tensor:
        """The likeliest token, or `STOPPED`, shape (1,), of logits of shape (1, vocabulary). Nothing waits."""
        return self._outcomes.index_select(0, logits[:, : self._vocabulary_size].argmax(-1))

    def choose(self, last: torch.Tensor, kv: LlamaKVCache) -> torch.Tensor:
        """What `choose_from` says of the logits after `last`: the outcome of a step before, which stays on the device.

        It is overwritten by the next step; for keys and values see `run`.
        """
        tokens, positions = self._inputs[1]
        torch.clamp(last, min=0, out=tokens)  # what follows a stop token is never read, but must be a token
        positions.fill_(kv.length)
        return self._replay(kv, 1, chooses=True)

    def _replay(self, kv: LlamaKVCache, tokens: int, *, chooses: bool) -> torch.Tensor:
        power_of_two = 1 << (kv.length + tokens - 1).bit_length()
        kv_tokens = min(kv.capacity_tokens, max(_SHORTEST_TOKENS, power_of_two))
        kind = _StepKind(tokens, chooses, kv_tokens)
        recorded = self._recorded.setdefault(kv, {})
        if kind not in recorded:
            recorded[kind] = self._recording(self._step(kv, kind))
        return recorded[kind]()

    def _recording(self, run: StepFunction) -> StepFunction:
        try:
            return self._record(run)
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            log.warning("Steps are not recorded on %s, and so slower: %s", self.device, error)
            self._record = _as_it_is
            return run

    def _step(self, kv: LlamaKVCache, kind: _StepKind) -> StepFunction:
        """It does the same however often it runs: what it reads, it does not write."""
        network = self._network
        tokens, positions = self._inputs[kind.tokens]
        layers = [(keys[:, : kind.kv_tokens], values[:, : kind.kv_tokens]) for keys, values in kv.layers]
        kv_positions = torch.arange(kind.kv_tokens, device=network.device)

        def run() -> torch.Tensor:
            logits = network.step(tokens, positions, layers, kv_positions <= positions[:, None])
            return self.choose_from(logits) if kind.chooses else logits

        return run


def _as_it_is(run: StepFunction) -> StepFunction:
    return run
