"""The sizes of a Llama, as its config.json has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter

from ...errors import UnreadableFile
from ...outside import checked

MAX_CONTEXT_TOKENS = 1 << 20
"""The tables of RoPE are as long as the context: of a longer one only so much is used."""

PROJECTIONS = {
    "qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "output": ("self_attn.o_proj",),
    "gate_up": ("mlp.gate_proj", "mlp.up_proj"),
    "down": ("mlp.down_proj",),
}
"""The matrices of a layer, and which projections are stacked in each, by transformers' names for them."""

_PLAIN_ACTIVATIONS = ("silu", "swish")
_ROPE_KINDS = ("default", "linear")
_DEFAULT_THETA = 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LlamaConfig:
    """Numbers of one Llama. `rope_factor`: positions are divided by it (linear scaling), 1 where they are not."""

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

    def tensors(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """The name and shape of every tensor that a checkpoint has, but of the head that may be tied."""
        yield "model.embed_tokens.weight", (self.vocabulary, self.hidden)
        yield "model.norm.weight", (self.hidden,)
        parts = {
            "input_layernorm": (self.hidden,),
            "self_attn.q_proj": (self.query_size, self.hidden),
            "self_attn.k_proj": (self.kv_size, self.hidden),
            "self_attn.v_proj": (self.kv_size, self.hidden),
            "self_attn.o_proj": (self.hidden, self.query_size),
            "post_attention_layernorm": (self.hidden,),
            "mlp.gate_proj": (self.intermediate, self.hidden),
            "mlp.up_proj": (self.intermediate, self.hidden),
            "mlp.down_proj": (self.hidden, self.intermediate),
        }
        for number in range(self.layers):
            for part, size in parts.items():
                yield f"model.layers.{number}.{part}.weight", size

    def head(self) -> tuple[str, tuple[int, ...]]:
        return "lm_head.weight", (self.vocabulary, self.hidden)


_Layers = Annotated[int, Field(strict=True, ge=1, le=1024)]
_Heads = Annotated[int, Field(strict=True, ge=1, le=4096)]
_Width = Annotated[int, Field(strict=True, ge=1, le=1 << 24)]
_Tokens = Annotated[int, Field(strict=True, ge=1, le=1 << 40)]
_Positive = Annotated[float, Field(strict=True, gt=0, le=1e15, allow_inf_nan=False)]


class _LlamaSizes(BaseModel):
    """What a Llama's config.json must say, in numbers that a model can have."""

    num_hidden_layers: _Layers
    hidden_size: _Width
    intermediate_size: _Width
    num_attention_heads: _Heads
    num_key_value_heads: _Heads | None = None
    head_dim: _Heads | None = None
    vocab_size: _Width
    max_position_embeddings: _Tokens = 2048
    rms_norm_eps: Annotated[float, Field(strict=True, gt=0, le=0.1)] = 1e-6
    tie_word_embeddings: bool = False


class _Rope(BaseModel):
    rope_type: str | None = None
    type: str | None = None
    rope_theta: _Positive | None = None
    factor: _Positive = 1.0


class _Positions(BaseModel):
    rope_parameters: _Rope | None = None
    rope_scaling: _Rope | None = None
    rope_theta: _Positive | None = None


def parse_llama_config(table: Mapping[str, Any], *, name: str) -> LlamaConfig | None:
    """What a config.json says; None for any other architecture, or a variation that this forward pass lacks.

    Raises `UnreadableFile` where it is a Llama's and has sizes that none can have. `name`: whose it is.
    """
    plain = (
        table.get("model_type") == "llama"
        and table.get("hidden_act", "silu") in _PLAIN_ACTIVATIONS
        and not table.get("attention_bias")
        and not table.get("mlp_bias")
    )
    rope = _rope(table, name) if plain else None
    if rope is None:
        return None
    theta, factor = rope
    sizes = checked(table, TypeAdapter(_LlamaSizes), name=name)
    heads = sizes.num_attention_heads
    kv_heads = sizes.num_key_value_heads or heads
    head_size = sizes.head_dim or sizes.hidden_size // heads
    if heads % kv_heads or head_size % 2 or not head_size or (not sizes.head_dim and sizes.hidden_size % heads):
        said = f"{sizes.hidden_size} numbers, {heads} heads and {kv_heads} heads of keys"
        raise UnreadableFile(name, f"has {said}, which do not divide")
    return LlamaConfig(
        layers=sizes.num_hidden_layers,
        hidden=sizes.hidden_size,
        intermediate=sizes.intermediate_size,
        heads=heads,
        kv_heads=kv_heads,
        head_size=head_size,
        vocabulary=sizes.vocab_size,
        context_tokens=min(sizes.max_position_embeddings, MAX_CONTEXT_TOKENS),
        norm_epsilon=sizes.rms_norm_eps,
        rope_theta=theta,
        rope_factor=factor,
        tied=sizes.tie_word_embeddings,
    )


def _rope(table: Mapping[str, Any], name: str) -> tuple[float, float] | None:
    """Theta and factor, in the words of transformers 4 (`rope_scaling`) or 5 (`rope_parameters`)."""
    positions = checked(table, TypeAdapter(_Positions), name=name)
    rope = positions.rope_parameters or positions.rope_scaling or _Rope()
    kind = rope.rope_type or rope.type or "default"
    if kind not in _ROPE_KINDS:
        return None
    theta = rope.rope_theta or positions.rope_theta or _DEFAULT_THETA
    return theta, rope.factor if kind == "linear" else 1.0
