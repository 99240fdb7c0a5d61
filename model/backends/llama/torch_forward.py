"""The forward pass of a Llama in torch, over a KV cache that is written in place (Touvron et al. 2023)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from threading import Event

import torch
from torch.nn import functional

from ...errors import Cancelled
from .adapter import AdapterWeights, adapted
from .kv_cache import LlamaKVCache
from .linears import Linear
from .llama_config import LlamaConfig
from .weights import LayerWeights, LlamaWeights


class TorchLlama:
    """Owns the weights and the tables of RoPE; the KV cache comes with each call."""

    def __init__(self, config: LlamaConfig, weights: LlamaWeights) -> None:
        self.config = config
        self.weights = self._own_weights = weights
        cos, sin = rotary_tables(config, self.dtype)
        self._cos, self._sin = cos[:, None].to(self.device), sin[:, None].to(self.device)

    @property
    def device(self) -> torch.device:
        return self.weights.embedding.device

    @property
    def dtype(self) -> torch.dtype:
        return self.weights.embedding.dtype

    def adapt(self, adapter: AdapterWeights | None) -> None:
        """Has every pass from now on add what an adapter says; None: nothing. Raises `BrokenAdapter` where its numbers
        do not fit the network's format, and leaves everything as it was."""
        if adapter is None:
            self.weights = self._own_weights
            return
        layers = [self._adapted(layer, number, adapter) for number, layer in enumerate(self._own_weights.layers)]
        self.weights = replace(self._own_weights, layers=tuple(layers))

    def twin(self) -> TorchLlama:
        """Another network over the same weights in memory, without an adapter."""
        twin = copy(self)
        twin.adapt(None)
        return twin

    def _adapted(self, layer: LayerWeights, number: int, adapter: AdapterWeights) -> LayerWeights:
        def linear(matrix: str) -> Linear:
            return adapted(
                getattr(layer, matrix), self.config, adapter, number, matrix, like=self._own_weights.embedding
            )

        return replace(
            layer,
            qkv=linear("qkv"),
            output=linear("output"),
            gate_up=linear("gate_up"),
            down=linear("down"),
        )

    def forward(self, ids: torch.Tensor, kv: LlamaKVCache, *, logits: int, cancel: Event) -> torch.Tensor:
        """The logits after the last `logits` of `ids`, shape (logits, vocabulary). `ids`: shape (n,).

        Writes their keys and values behind the `kv.length` tokens that are there, and leaves `kv.length` to the caller.
        Raises `Cancelled` before the next matrix when `cancel` is set.
        """
        start, count = kv.length, ids.shape[0]
        end = start + count
        cos, sin = self._cos[start:end], self._sin[start:end]
        mask = _mask(start, end, ids.device) if count > 1 and start else None

        def attend(layer: int, query: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
            keys, values = kv.layers[layer]
            key, value = new.view(count, 2, self.config.kv_heads, self.config.head_size).permute(1, 2, 0, 3)
            keys[:, start:end] = key
            values[:, start:end] = value
            return self._attention(query, keys[:, :end], values[:, :end], mask, causal=count > 1 and not start)

        return self._run(ids, cos, sin, attend, logits=logits, cancelled=cancel.is_set)

    def step(
        self,
        ids: torch.Tensor,
        positions: torch.Tensor,
        layers: Sequence[tuple[torch.Tensor, torch.Tensor]],
        mask: torch.Tensor,
    ) -> torch.Tensor:
        """`forward` for a graph of the device: positions, shape (n,), stand in a tensor, so that one recording serves
        at every position.

        `layers`: keys and values, each of shape (KV heads, tokens, head size). `mask`: which of these tokens each
        new one sees, shape (n, tokens).
        """
        count = ids.shape[0]

        def attend(layer: int, query: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
            key, value = new.view(count, 2, self.config.kv_heads, self.config.head_size).permute(1, 2, 0, 3)
            keys, values = layers[layer]
            keys.index_copy_(1, positions, key)
            values.index_copy_(1, positions, value)
            return self._attention(query, keys, values, mask, causal=False)

        return self._run(ids, self._cos[positions], self._sin[positions], attend, logits=count)

    def _run(
        self,
        ids: torch.Tensor,
        cos: torch.Tensor,
        sin: torch.Tensor,
        attend: Callable[[int, torch.Tensor, torch.Tensor], torch.Tensor],
        *,
        logits: int,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> torch.Tensor:
        """All layers. `attend` gets the number of the layer, the queries, shape (n, heads, head size), and the new keys
        and values, shape (n, 2 * KV size)."""
        hidden = functional.embedding(ids, self.weights.embedding)
        for number, layer in enumerate(self.weights.layers):
            hidden = self._layer(hidden, cos, sin, layer, partial(attend, number), cancelled)
        last = self._norm(hidden[-logits:], self.weights.norm)
        return self.weights.head(last)

    def _layer(
        self,
        hidden: torch.Tensor,
        cos: torch.Tensor,
        sin: torch.Tensor,
        layer: LayerWeights,
        attend: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        cancelled: Callable[[], bool],
    ) -> torch.Tensor:
        config, count = self.config, hidden.shape[0]
        _raise_if(cancelled)
        qkv = layer.qkv(self._norm(hidden, layer.attention_norm))
        rotated_heads = config.heads + config.kv_heads  # queries and keys, which stand before the values
        heads = qkv[:, : rotated_heads * config.head_size].view(count, rotated_heads, config.head_size)
        heads.copy_(torch.addcmul(heads * cos, heads.roll(config.head_size // 2, -1), sin))
        _raise_if(cancelled)
        attended = attend(heads[:, : config.heads], qkv[:, config.query_size :])
        hidden = hidden + layer.output(attended)
        _raise_if(cancelled)
        gate, up = layer.gate_up(self._norm(hidden, layer.mlp_norm)).chunk(2, -1)
        _raise_if(cancelled)
        return hidden + layer.down(functional.silu(gate).mul_(up))

    def _norm(self, hidden: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return functional.rms_norm(hidden, (self.config.hidden,), weight, self.config.norm_epsilon)

    def _attention(
        self,
        query: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        mask: torch.Tensor | None,
        *,
        causal: bool,
    ) -> torch.Tensor:
        """Queries of shape (n, heads, size) over keys and values of shape (KV heads, tokens, size)."""
        grouped = self.config.heads != self.config.kv_heads
        attended = functional.scaled_dot_product_attention(
            query.transpose(0, 1)[None], keys[None], values[None], attn_mask=mask, is_causal=causal, enable_gqa=grouped
        )
        return attended[0].transpose(0, 1).reshape(query.shape[0], self.config.query_size)


def _raise_if(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled


def _mask(start: int, end: int, device: torch.device) -> torch.Tensor:
    """Which keys each new token sees, shape (new, all): those before it and itself."""
    return torch.ones(end - start, end, dtype=torch.bool, device=device).tril(start)


def rotary_tables(config: LlamaConfig, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines of RoPE by position, each of shape (context, head size) (Su et al. 2021).

    The first half of the sines is negative, so that a head is rotated by `x * cos + roll(x, half) * sin`.
    """
    exponents = torch.arange(0, config.head_size, 2, dtype=torch.int64).float() / config.head_size
    frequencies = 1.0 / (config.rope_theta**exponents) / config.rope_factor
    angles = torch.outer(torch.arange(config.context_tokens).float(), frequencies)
    cos, sin = angles.cos(), angles.sin()
    return torch.cat([cos, cos], -1).to(dtype), torch.cat([-sin, sin], -1).to(dtype)
