"""A Llama in a GGUF file: its sizes, by the names of GGUF's entries, and its tensors, by transformers' names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter

from .. import outside
from ..backends.llama.llama_config import LlamaConfig, parse_llama_config
from ..errors import BrokenCheckpoint
from .tensor_file import Tensor

ARCHITECTURE = "llama"
READABLE_TYPES = frozenset(
    ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]
)
"""The types that our own forward pass reads; llama.cpp knows others."""
FLOAT_TYPES = frozenset(["F32", "F16", "BF16"])

_OUTER = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
_IN_A_LAYER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
# In the names of tensors of Llamas that llama.cpp runs and we do not: other scalings of RoPE, biases, experts, norms of
# queries and keys.
_OF_VARIATIONS = ("rope_", ".bias", "_exps.", "_shexp.", "ffn_gate_inp.", "attn_q_norm.", "attn_k_norm.")
_EMBEDDING, _HEAD = "token_embd.weight", "output.weight"
_ROPE_KINDS = ("none", "linear")
_AGAIN = "Download the model again."

_Layers = Annotated[int, Field(strict=True, ge=1, le=1024)]
_Heads = Annotated[int, Field(strict=True, ge=1, le=4096)]
_Width = Annotated[int, Field(strict=True, ge=1, le=1 << 24)]
_Tokens = Annotated[int, Field(strict=True, ge=1, le=1 << 40)]
_Positive = Annotated[float, Field(strict=True, gt=0, le=1e15, allow_inf_nan=False)]
_Factor = Annotated[float, Field(strict=True, ge=0, le=1e15, allow_inf_nan=False)]


class _Entries(BaseModel):
    """What a Llama's file must say, in numbers that a model can have. Where one may differ from layer to layer, it is a
    list."""

    block_count: _Layers
    context_length: _Tokens
    embedding_length: _Width
    feed_forward_length: _Width | list[_Width]
    heads: Annotated[_Heads | list[_Heads], Field(alias="attention.head_count")]
    kv_heads: Annotated[_Heads | list[_Heads] | None, Field(alias="attention.head_count_kv")] = None
    key_length: Annotated[_Heads | None, Field(alias="attention.key_length")] = None
    value_length: Annotated[_Heads | None, Field(alias="attention.value_length")] = None
    epsilon: Annotated[float, Field(alias="attention.layer_norm_rms_epsilon", strict=True, gt=0, le=0.1)]
    rotated: Annotated[_Heads | None, Field(alias="rope.dimension_count")] = None
    rope_base: Annotated[_Positive, Field(alias="rope.freq_base")] = 10_000.0
    rope_kind: Annotated[str, Field(alias="rope.scaling.type", strict=True)] = "linear"
    rope_factor: Annotated[_Factor | None, Field(alias="rope.scaling.factor")] = None
    rope_older_factor: Annotated[_Factor | None, Field(alias="rope.scale_linear")] = None
    experts: Annotated[int, Field(alias="expert_count", strict=True, ge=0, le=4096)] = 0


def gguf_name(name: str) -> str:
    """GGUF's name for the tensor that transformers calls `name`."""
    part = name.removesuffix(".weight")
    if part in _OUTER:
        return f"{_OUTER[part]}.weight"
    _, _, layer, part = part.split(".", 3)
    return f"blk.{layer}.{_IN_A_LAYER[part]}.weight"


def llama_of(metadata: Mapping[str, Any], tensors: Mapping[str, Tensor], path: Path) -> LlamaConfig | None:
    """The sizes of a file whose architecture is `llama`; None for a variation, or types, that our forward pass lacks.

    Raises `UnreadableFile` for sizes that no model has, `BrokenCheckpoint` for tensors that are not those that they
    announce.
    """
    prefix = f"{ARCHITECTURE}."
    own = {key.removeprefix(prefix): value for key, value in metadata.items() if key.startswith(prefix)}
    entries = outside.checked(own, TypeAdapter(_Entries), name=path)
    embedding = tensors.get(_EMBEDDING)
    if embedding is None:
        raise _lacks(path, _EMBEDDING)
    table = _transformers_table(entries, vocabulary=embedding.shape[0], tied=_HEAD not in tensors)
    if table is None or _has_more_than_we_run(tensors):
        return None
    config = parse_llama_config(table, name=str(path))
    if config is None or entries.rotated not in (None, config.head_size):
        return None
    check_gguf_tensors(config, tensors, path)
    return config


def check_gguf_tensors(config: LlamaConfig, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Raises `BrokenCheckpoint` where a file's tensors are not those of a Llama of these sizes."""
    expected = {gguf_name(name): shape for name, shape in config.tensors()}
    if _HEAD in tensors:
        expected[_HEAD] = config.head()[1]
    for name, shape in expected.items():
        found = tensors.get(name)
        if found is None:
            raise _lacks(path, name)
        allowed = READABLE_TYPES if len(shape) > 1 else FLOAT_TYPES
        if found.shape != shape or found.dtype not in allowed:
            raise BrokenCheckpoint(
                f"{name} in {path} has the shape {found.shape} of {found.dtype} where its entries announce {shape}.",
                _AGAIN,
            )
    for name in tensors:
        if name not in expected:
            raise BrokenCheckpoint(f"{path} has the tensor {name[:100]!r}, which a Llama of its sizes lacks.", _AGAIN)


def _lacks(path: Path, name: str) -> BrokenCheckpoint:
    return BrokenCheckpoint(f"The weights in {path} lack {name}.", _AGAIN)


def _transformers_table(entries: _Entries, *, vocabulary: int, tied: bool) -> dict[str, Any] | None:
    """The same as a config.json says it; None for a variation."""
    intermediate, heads = _same_in_all(entries.feed_forward_length), _same_in_all(entries.heads)
    kv_heads = heads if entries.kv_heads is None else _same_in_all(entries.kv_heads)
    is_plain = entries.rope_kind in _ROPE_KINDS and not entries.experts and entries.key_length == entries.value_length
    if not is_plain or None in (intermediate, heads, kv_heads):
        return None
    factor = entries.rope_factor if entries.rope_factor is not None else entries.rope_older_factor
    # llama.cpp divides positions by the factor whatever is said of its kind, but for "none"; 0 is no factor.
    rope = {"type": "linear", "factor": factor} if factor and entries.rope_kind == "linear" else None
    return {
        "model_type": "llama",
        "num_hidden_layers": entries.block_count,
        "hidden_size": entries.embedding_length,
        "intermediate_size": intermediate,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": entries.key_length,
        "vocab_size": vocabulary,
        "max_position_embeddings": entries.context_length,
        "rms_norm_eps": entries.epsilon,
        "rope_theta": entries.rope_base,
        "rope_scaling": rope,
        "tie_word_embeddings": tied,
    }


def _same_in_all(sizes: int | list[int]) -> int | None:
    """A size that all layers share; None where they do not."""
    if not isinstance(sizes, list):
        return sizes
    return sizes[0] if len(set(sizes)) == 1 else None


def _has_more_than_we_run(tensors: Mapping[str, Tensor]) -> bool:
    for name, tensor in tensors.items():
        if tensor.dtype not in READABLE_TYPES or any(mark in name for mark in _OF_VARIATIONS):
            return True
    return False
