"""A forward pass by transformers over a KV cache that can be rewound for free.

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

from .errors import Cancelled, OutOfMemory

_FIRST_CAPACITY_TOKENS = 256


class _RewindableLayer(DynamicLayer):
    """Keys and values of one layer, shape (1, heads, tokens, head size), in a buffer with room to grow."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.length = 0

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

    def get_seq_length(self) -> int:
        return self.length


def _with_capacity(tensor: torch.Tensor, tokens: int, *, keep: int = 0) -> torch.Tensor:
    """A buffer like `tensor` with room for `tokens`, its first `keep` tokens copied."""
    buffer = tensor.new_empty((*tensor.shape[:2], tokens, tensor.shape[3]))
    buffer[:, :, :keep] = tensor[:, :, :keep]
    return buffer


class TransformersBackend:
    """A loaded model and the KV cache of one sequence; see `engine.Backend`.

    `vocabulary_size` cuts the logits: ids beyond it are padding of the embedding and mean nothing.
    """

    def __init__(self, model: PreTrainedModel, *, context_tokens: int, vocabulary_size: int) -> None:
        self._model = model
        self._vocabulary_size = vocabulary_size
        self._context_tokens = context_tokens
        self._cache = Cache(layer_class_to_replicate=_RewindableLayer)
        self._cancel = Event()
        for layer in _decoder_layers(model):
            layer.register_forward_pre_hook(self._look_for_cancel)

    @property
    def context_tokens(self) -> int:
        return self._context_tokens

    @property
    def device(self) -> str:
        return str(self._model.device)

    @torch.inference_mode()
    def forward(self, ids: Sequence[int], cancel: Event) -> torch.Tensor:
        """Raises `Cancelled` before the next layer, and `OutOfMemory` where the device is full."""
        self._cancel = cancel
        try:
            inputs = torch.tensor([ids], device=self._model.device)
            output = self._model(input_ids=inputs, past_key_values=self._cache, use_cache=True, logits_to_keep=1)
            return output.logits[0, -1, : self._vocabulary_size]
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            raise OutOfMemory(
                f"{self._model.device} ran out of memory in a completion.",
                "Lower context_tokens, set quantization = nf4, or choose a smaller model.",
            ) from error

    def _look_for_cancel(self, *_: object) -> None:
        if self._cancel.is_set():
            raise Cancelled

    def rewind(self, length: int) -> None:
        for layer in self._cache.layers:
            assert isinstance(layer, _RewindableLayer)
            layer.length = min(layer.length, length)


def _decoder_layers(model: PreTrainedModel) -> torch.nn.ModuleList:
    """The layers that follow each other, as every architecture holds them: its first list of modules."""
    return next(module for module in model.modules() if isinstance(module, torch.nn.ModuleList))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that memory is full: CUDA has a type for it, the CPU's allocator only words."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error)
