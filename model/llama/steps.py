"""Decode steps that the device replays as a whole: launching some hundred kernels one by one takes longer than they do.

A step reads its tokens and positions from tensors that stay in place, so that one recording serves every step of its
width in one KV cache, up to a length rounded up to a power of two. On CUDA it is a graph; `Steps` knows only a function
that records, so all but the recording itself runs, and is tested, on a CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias
from weakref import WeakKeyDictionary

import torch

from .network import KeyValues, Llama

Run: TypeAlias = Callable[[], torch.Tensor]
Record: TypeAlias = Callable[[Run], Run]
"""From a function over tensors in place to one that does the same again."""

WIDEST = 8
"""The most tokens of a step: one, and the longest draft."""

_SHORTEST_TOKENS = 256
_WARM_RUNS = 2


class Steps:
    """Records and replays the steps of one network. A recording lives as long as its KV cache."""

    def __init__(self, network: Llama, record: Record) -> None:
        self._network = network
        self._record = record
        self._recorded: WeakKeyDictionary[KeyValues, dict[tuple[int, int], Run]] = WeakKeyDictionary()
        device = network.device
        self._inputs = {
            width: (
                torch.zeros(width, dtype=torch.int64, device=device),
                torch.zeros(width, dtype=torch.int64, device=device),
            )
            for width in range(1, WIDEST + 1)
        }

    def run(self, ids: Sequence[int], kv: KeyValues) -> torch.Tensor:
        """The logits after each of at most `WIDEST` tokens, shape (n, vocabulary), overwritten by the next step; their
        keys and values stand behind the `kv.length` tokens that are there, and are not counted in yet."""
        width, end = len(ids), kv.length + len(ids)
        length = min(kv.capacity_tokens, max(_SHORTEST_TOKENS, 1 << (end - 1).bit_length()))
        tokens, positions = self._inputs[width]
        tokens.copy_(torch.tensor(ids), non_blocking=True)
        positions.copy_(torch.arange(kv.length, end), non_blocking=True)
        recorded = self._recorded.setdefault(kv, {})
        if (replay := recorded.get((width, length))) is None:
            replay = recorded[width, length] = self._record(self._step(tokens, positions, kv, length))
        return replay()

    def _step(self, tokens: torch.Tensor, positions: torch.Tensor, kv: KeyValues, length: int) -> Run:
        network, layers = self._network, [(keys[:, :length], values[:, :length]) for keys, values in kv.layers]
        seen = torch.arange(length, device=network.device)

        def run() -> torch.Tensor:
            return network.step(tokens, positions, layers, seen <= positions[:, None])

        return run


def record_graph(run: Run) -> Run:
    """Records a CUDA graph. The first runs, outside of it, let libraries choose their kernels and allocate."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(_WARM_RUNS):
            run()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        output = run()

    def replay() -> torch.Tensor:
        graph.replay()
        return output

    return replay
