"""Our own forward pass behind the engine's interface."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from threading import Event

import torch

from ...loading.memory import as_out_of_memory
from .adapter import AdapterWeights
from .async_decoding import LlamaAsyncDecoding
from .kv_cache import LlamaKVCache
from .native_forward import NativeLlama
from .steps import MAX_STEP_TOKENS, Recorder, StepGraphs
from .torch_forward import TorchLlama


class LlamaBackend:
    """See `interface.Backend` and `DecodesAsync`.

    `vocabulary_size` cuts the logits: ids beyond it are padding of the embedding. `recorder` makes decode steps that
    the device replays; None runs every step anew. The logits of a step are overwritten by the next one.
    """

    def __init__(
        self,
        network: TorchLlama | NativeLlama,
        *,
        context_tokens: int,
        vocabulary_size: int,
        recorder: Recorder | None = None,
    ) -> None:
        self._network = network
        self._recorder = recorder
        self._steps = None
        if recorder is not None and isinstance(network, TorchLlama):
            self._steps = StepGraphs(network, recorder, vocabulary_size=vocabulary_size)
        self.context_tokens = context_tokens
        self._vocabulary_size = vocabulary_size
        self.device = str(network.device)

    @property
    def kv_bytes_per_token(self) -> int:
        config = self._network.config
        return 2 * config.layers * config.kv_size * self._network.dtype.itemsize

    def new_kv(self, capacity_tokens: int) -> LlamaKVCache:
        with as_out_of_memory(self.device), torch.inference_mode():
            return LlamaKVCache(self._network.config, capacity_tokens, device=self.device, dtype=self._network.dtype)

    def forward(self, ids: Sequence[int], kv: LlamaKVCache, cancel: Event, *, logits: int = 1) -> torch.Tensor:
        with as_out_of_memory(self.device), torch.inference_mode():
            if self._steps is not None and len(ids) == logits <= MAX_STEP_TOKENS:
                found = self._steps.run(ids, kv)
            else:
                inputs = torch.tensor(ids, device=self.device)
                found = self._network.forward(inputs, kv, logits=logits, cancel=cancel)
        kv.length += len(ids)
        return found[:, : self._vocabulary_size]

    def twin(self) -> LlamaBackend:
        """See `interface.SharesWeights`."""
        return LlamaBackend(
            self._network.twin(),
            context_tokens=self.context_tokens,
            vocabulary_size=self._vocabulary_size,
            recorder=self._recorder.another() if self._recorder is not None else None,
        )

    def adapt(self, adapter: AdapterWeights | None) -> None:
        """Has the network add what an adapter says from now on; None: nothing. KV caches of before do not fit any more.

        Raises `BrokenAdapter` and `OutOfMemory`, and leaves everything as it was.
        """
        with as_out_of_memory(self.device), torch.inference_mode():
            self._network.adapt(adapter)
        if self._steps is not None:
            self._steps.forget()

    @property
    def decodes_async(self) -> bool:
        return self._steps is not None

    def begin_async(self, logits: torch.Tensor, stop_ids: Collection[int]) -> LlamaAsyncDecoding:
        assert self._steps is not None
        return LlamaAsyncDecoding(self._steps, logits, stop_ids)
