"""A forward pass by transformers over a KV cache that can be rewound for free: for every architecture but Llama.

transformers' own growing cache copies all keys and values for every token, and a rewind once more. Here each layer
owns a buffer that doubles when it is full; its length is a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from typing import Any

import torch
from transformers import PreTrainedModel
from transformers.cache_utils import Cache, DynamicLayer

from ..errors import Cancelled
from ..loading.memory import as_out_of_memory

_FIRST_CAPACITY_TOKENS = 256


class _RewindableLayer(DynamicLayer):
    """Keys and values of one layer, shape (1, heads, tokens, head size), in a buffer with room to grow."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.length = 0

    @property
    def bytes(self) -> int:
        if self.keys is None or self.values is None:
            return 0
        return self.keys.nbytes + self.values.nbytes

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        self.dtype, self.device = key_states.dtype, key_states.device
        self.keys = _with_capacity(key_states, _FIRST_CAPACITY_TOKENS)
        self.values = _with_capacity(value_states, _FIRST_CAPACITY_TOKENS)
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        assert self.keys is not None
        assert self.values is not None
        end = self.length + key_states.shape[-2]
        if end > self.keys.shape[-2]:
            capacity = max(end, 2 * self.keys.shape[-2])
            self.keys = _with_capacity(self.keys, capacity, keep=self.length)
            self.values = _with_capacity(self.values, capacity, keep=self.length)
        self.keys[:, :, self.length : end] = key_states
        self.values[:, :, self.length : end] = value_states
        self.length = end
        return self.keys[:, :, :end], self.values[:, :, :end]

    def copy_from(self, other: _RewindableLayer, length: int) -> None:
        self.length = 0
        if other.is_initialized:
            assert other.keys is not None
            assert other.values is not None
            self.update(other.keys[:, :, :length], other.values[:, :, :length])

    def get_seq_length(self) -> int:
        return self.length


def _with_capacity(tensor: torch.Tensor, tokens: int, *, keep: int = 0) -> torch.Tensor:
    """A buffer like `tensor` with room for `tokens`, its first `keep` tokens copied."""
    buffer = tensor.new_empty((*tensor.shape[:2], tokens, tensor.shape[3]))
    buffer[:, :, :keep] = tensor[:, :, :keep]
    return buffer


class TransformersKVCache:
    """A cache of transformers behind the engine's interface. Its buffers double as it fills, whatever its capacity."""

    def __init__(self, capacity_tokens: int) -> None:
        self.capacity_tokens = capacity_tokens
        self.cache = Cache(layer_class_to_replicate=_RewindableLayer)

    @property
    def layers(self) -> list[_RewindableLayer]:
        return [layer for layer in self.cache.layers if isinstance(layer, _RewindableLayer)]

    @property
    def bytes(self) -> int:
        return sum(layer.bytes for layer in self.layers)

    def rewind(self, length: int) -> None:
        for layer in self.layers:
            layer.length = min(layer.length, length)

    @torch.inference_mode()
    def copy_from(self, other: TransformersKVCache, length: int) -> None:
        while len(self.cache.layers) < len(other.cache.layers):
            self.cache.layers.append(_RewindableLayer())
        for own, layer in zip(self.layers, other.layers, strict=True):
            own.copy_from(layer, length)


class TransformersBackend:
    """See `interface.Backend`. `vocabulary_size` cuts the logits: ids beyond it are padding of the embedding."""

    def __init__(
        self, model: PreTrainedModel, *, context_tokens: int, vocabulary_size: int, kv_bytes_per_token: int
    ) -> None:
        self._model = model
        self._vocabulary_size = vocabulary_size
        self.context_tokens = context_tokens
        self.kv_bytes_per_token = kv_bytes_per_token
        self.device = str(model.device)
        self._cancel = Event()
        for layer in _decoder_layers(model):
            layer.register_forward_pre_hook(self._look_for_cancel)

    def new_kv(self, capacity_tokens: int) -> TransformersKVCache:
        return TransformersKVCache(capacity_tokens)

    @torch.inference_mode()
    def forward(self, ids: Sequence[int], kv: TransformersKVCache, cancel: Event, *, logits: int = 1) -> torch.Tensor:
        """Raises `Cancelled` before the next layer, and `OutOfMemory` where the device is full."""
        self._cancel = cancel
        with as_out_of_memory(self.device):
            inputs = torch.tensor([ids], device=self._model.device)
            output = self._model(input_ids=inputs, past_key_values=kv.cache, use_cache=True, logits_to_keep=logits)
            return output.logits[0, :, : self._vocabulary_size]

    def _look_for_cancel(self, *_: object) -> None:
        if self._cancel.is_set():
            raise Cancelled


def _decoder_layers(model: PreTrainedModel) -> torch.nn.ModuleList:
    """The layers that follow each other, as every architecture holds them: its first list of modules."""
    return next(module for module in model.modules() if isinstance(module, torch.nn.ModuleList))
