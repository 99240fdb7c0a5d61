"""Our own forward pass behind the engine's interface."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from threading import Event

import torch

from ...loading.memory import as_out_of_memory
from .async_decoding import AsyncDecoding
from .native.network import NativeLlama
from .network import KeyValues, Llama
from .steps import WIDEST, Recorder, Steps


class LlamaBackend:
    """See `model.backend.Backend` and `DecodesAsync`.

    `vocabulary_size` cuts the logits: ids beyond it are padding of the embedding. `recorder` makes decode steps that
    the device replays; None runs every step anew. The logits of a step are overwritten by the next one.
    """

    def __init__(
        self,
        network: Llama | NativeLlama,
        *,
        context_tokens: int,
        vocabulary_size: int,
        recorder: Recorder | None = None,
    ) -> None:
        self._network = network
        self._steps = None
        if recorder is not None and isinstance(network, Llama):
            self._steps = Steps(network, recorder, vocabulary_size=vocabulary_size)
        self.context_tokens = context_tokens
        self._vocabulary_size = vocabulary_size
        self.device = str(network.device)

    @property
    def kv_bytes_per_token(self) -> int:
        shape = self._network.shape
        return 2 * shape.layers * shape.kv_size * self._network.dtype.itemsize

    def new_kv(self, capacity_tokens: int) -> KeyValues:
        with as_out_of_memory(self.device), torch.inference_mode():
            return KeyValues(self._network.shape, capacity_tokens, device=self.device, dtype=self._network.dtype)

    def forward(self, ids: Sequence[int], kv: KeyValues, cancel: Event, *, logits: int = 1) -> torch.Tensor:
        with as_out_of_memory(self.device), torch.inference_mode():
            if self._steps is not None and len(ids) == logits <= WIDEST:
                found = self._steps.run(ids, kv)
            else:
                inputs = torch.tensor(ids, device=self.device)
                found = self._network.forward(inputs, kv, logits=logits, cancel=cancel)
        kv.length += len(ids)
        return found[:, : self._vocabulary_size]

    @property
    def decodes_async(self) -> bool:
        return self._steps is not None

    def begin_async(self, logits: torch.Tensor, stop_ids: Collection[int]) -> AsyncDecoding:
        assert self._steps is not None
        return AsyncDecoding(self._steps, logits, stop_ids)
