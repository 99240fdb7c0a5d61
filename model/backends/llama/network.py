"""The forward pass of a Llama over keys and values that stay where they are (Touvron et al. 2023)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event

import torch
from torch.nn import functional

from ...errors import Cancelled
from .shape import Shape
from .weights import Layer, Weights


class KeyValues:
    """Keys and values of one sequence: for each layer, shape (2, KV heads, capacity, head size).

    `length`: how many tokens are there. To forget the last ones is to lower it.
    """

    def __init__(self, shape: Shape, capacity_tokens: int, *, device: str, dtype: torch.dtype) -> None:
        size = (shape.layers, 2, shape.kv_heads, capacity_tokens, shape.head_size)
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
    def copy_from(self, other: KeyValues, length: int) -> None:
        """Takes over the first `length` tokens of another sequence."""
        self.buffer[:, :, :, :length] = other.buffer[:, :, :, :length]
        self.length = length


class Llama:
    """Weights and the tables of positions; the keys and values come with each call."""

    def __init__(self, shape: Shape, weights: Weights) -> None:
        self.shape = shape
        self.weights = weights
        cos, sin = rotation(shape, self.dtype)
        self._cos, self._sin = cos[:, None].to(self.device), sin[:, None].to(self.device)

    @property
    def device(self) -> torch.device:
        return self.weights.embedding.device

    @property
    def dtype(self) -> torch.dtype:
        return self.weights.embedding.dtype

    def forward(self, ids: torch.Tensor, kv: KeyValues, *, logits: int, cancel: Event) -> torch.Tensor:
        """Writes the keys and values of `ids`, shape (n,), behind the `kv.length` tokens that are there, without
        counting them in. Returns the logits after the last `logits` of them, shape (logits, vocabulary).

        Raises `Cancelled` before the next matrix when `cancel` is set.
        """
        start, count = kv.length, ids.shape[0]
        end = start + count
        cos, sin = self._cos[start:end], self._sin[start:end]
        mask = _mask(start, end, ids.device) if count > 1 and start else None

        def attend(query: torch.Tensor, new: torch.Tensor, layer: int) -> torch.Tensor:
            keys, values = kv.layers[layer]
            key, value = new.view(count, 2, self.shape.kv_heads, self.shape.head_size).permute(1, 2, 0, 3)
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
        """The same where positions, shape (n,), stand in a tensor: nothing depends on a number that the host knows.

        `layers`: keys and values, each of shape (KV heads, tokens, head size). `mask`: which of these tokens each
        new one sees, shape (n, tokens).
        """
        count = ids.shape[0]

        def attend(query: torch.Tensor, new: torch.Tensor, layer: int) -> torch.Tensor:
            key, value = new.view(count, 2, self.shape.kv_heads, self.shape.head_size).permute(1, 2, 0, 3)
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
        attend: Callable[[torch.Tensor, torch.Tensor, int], torch.Tensor],
        *,
        logits: int,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> torch.Tensor:
        """All layers. `attend` gets the queries, shape (n, heads, head size), the new keys and values, shape
        (n, 2 * KV size), and the number of the layer."""
        hidden = functional.embedding(ids, self.weights.embedding)
        for number, layer in enumerate(self.weights.layers):
            hidden = self._layer(hidden, cos, sin, layer, lambda q, new, n=number: attend(q, new, n), cancelled)
        last = self._norm(hidden[-logits:], self.weights.norm)
        return self.weights.head(last)

    def _layer(
        self,
        hidden: torch.Tensor,
        cos: torch.Tensor,
        sin: torch.Tensor,
        layer: Layer,
        attend: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        cancelled: Callable[[], bool],
    ) -> torch.Tensor:
        shape, count = self.shape, hidden.shape[0]
        _stop_if(cancelled)
        qkv = layer.qkv(self._norm(hidden, layer.attention_norm))
        turned = shape.heads + shape.kv_heads
        heads = qkv[:, : turned * shape.head_size].view(count, turned, shape.head_size)
        heads.copy_(torch.addcmul(heads * cos, heads.roll(shape.head_size // 2, -1), sin))
        _stop_if(cancelled)
        attended = attend(heads[:, : shape.heads], qkv[:, shape.query_size :])
        hidden = hidden + layer.output(attended)
        _stop_if(cancelled)
        gate, up = layer.gate_up(self._norm(hidden, layer.mlp_norm)).chunk(2, -1)
        _stop_if(cancelled)
        return hidden + layer.down(functional.silu(gate).mul_(up))

    def _norm(self, hidden: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return functional.rms_norm(hidden, (self.shape.hidden,), weight, self.shape.norm_epsilon)

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
        grouped = self.shape.heads != self.shape.kv_heads
        attended = functional.scaled_dot_product_attention(
            query.transpose(0, 1)[None], keys[None], values[None], attn_mask=mask, is_causal=causal, enable_gqa=grouped
        )
        return attended[0].transpose(0, 1).reshape(query.shape[0], self.shape.query_size)


def _stop_if(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled


def _mask(start: int, end: int, device: torch.device) -> torch.Tensor:
    """Which keys each new token sees, shape (new, all): those before it and itself."""
    return torch.ones(end - start, end, dtype=torch.bool, device=device).tril(start)


def rotation(shape: Shape, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and signed sines by position, shape (context, head size) (Su et al. 2021).

    A head turns by `x * cos + roll(x, half) * sin`: the sine's first half is negative.
    """
    exponents = torch.arange(0, shape.head_size, 2, dtype=torch.int64).float() / shape.head_size
    frequencies = 1.0 / (shape.rope_theta**exponents) / shape.rope_factor
    angles = torch.outer(torch.arange(shape.context_tokens).float(), frequencies)
    cos, sin = angles.cos(), angles.sin()
    return torch.cat([cos, cos], -1).to(dtype), torch.cat([-sin, sin], -1).to(dtype)
