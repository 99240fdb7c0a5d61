"""The KV cache of a Llama: one buffer for all layers, written in place by both forward passes."""

from __future__ import annotations

import torch

from .llama_config import LlamaConfig


class LlamaKVCache:
    """The keys and values of one sequence, shape (layers, 2, KV heads, capacity, head size).

    `length`: how many tokens are there; lowering it forgets the last ones.
    """

    def __init__(self, config: LlamaConfig, capacity_tokens: int, *, device: str, dtype: torch.dtype) -> None:
        size = (config.layers, 2, config.kv_heads, capacity_tokens, config.head_size)
        self.buffer = torch.zeros(size, device=device, dtype=dtype)
        self.layers = [(layer[0], layer[1]) for layer in self.buffer]
        self.length = 0

    @property
    def capacity_tokens(self) -> int:
        return self.buffer.shape[3]

    @property
    def bytes(self) -> int:
        return self.buffer.nbytes

    def rewind(self, length: int) -> None:
        self.length = length

    @torch.inference_mode()
    def copy_from(self, other: LlamaKVCache, length: int) -> None:
        """Takes over the first `length` tokens of another sequence."""
        self.buffer[:, :, :, :length] = other.buffer[:, :, :, :length]
        self.length = length
