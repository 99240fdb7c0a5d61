"""The sizes of a Llama, as its config.json gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PLAIN_ACTIVATIONS = ("silu", "swish")
_ROPE_KINDS = ("default", "linear")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """`rope_factor`: positions are divided by it (linear scaling), 1 where they are not."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    context_tokens: int
    norm_epsilon: float
    rope_theta: float
    rope_factor: float
    tied: bool

    @property
    def query_size(self) -> int:
        return self.heads * self.head_size

    @property
    def kv_size(self) -> int:
        return self.kv_heads * self.head_size

    def linears(self) -> list[tuple[int, int]]:
        """The (outputs, inputs) of the matrices that one token is multiplied by, in one layer."""
        return [
            (self.query_size + 2 * self.kv_size, self.hidden),
            (self.hidden, self.query_size),
            (2 * self.intermediate, self.hidden),
            (self.hidden, self.intermediate),
        ]


def shape_of(config: Mapping[str, Any]) -> Shape | None:
    """The shape in a config.json; None for any other architecture, or a variation that this forward pass lacks."""
    rope = _rope(config)
    plain = (
        config.get("model_type") == "llama"
        and config.get("hidden_act", "silu") in _PLAIN_ACTIVATIONS
        and not config.get("attention_bias")
        and not config.get("mlp_bias")
        and not config.get("quantization_config")
    )
    if rope is None or not plain:
        return None
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    return Shape(
        layers=config["num_hidden_layers"],
        hidden=hidden,
        intermediate=config["intermediate_size"],
        heads=heads,
        kv_heads=config.get("num_key_value_heads") or heads,
        head_size=config.get("head_dim") or hidden // heads,
        vocabulary=config["vocab_size"],
        context_tokens=config.get("max_position_embeddings", 2048),
        norm_epsilon=config.get("rms_norm_eps", 1e-6),
        rope_theta=rope[0],
        rope_factor=rope[1],
        tied=bool(config.get("tie_word_embeddings", False)),
    )


def _rope(config: Mapping[str, Any]) -> tuple[float, float] | None:
    """Theta and factor, in the words of transformers 4 (`rope_scaling`) or 5 (`rope_parameters`)."""
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    kind = rope.get("rope_type") or rope.get("type") or "default"
    if kind not in _ROPE_KINDS:
        return None
    theta = rope.get("rope_theta") or config.get("rope_theta") or 10_000.0
    return float(theta), float(rope.get("factor", 1.0)) if kind == "linear" else 1.0
