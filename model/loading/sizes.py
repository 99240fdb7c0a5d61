"""How much memory a model needs: weights, KV caches, and what computing takes on top."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..catalogue.checkpoint import Checkpoint
from ..catalogue.sources import Source
from .hardware import Dtype

Quantization = Literal["none", "int8", "nf4", "int4"]

_KV_SHARE = 0.25
_MOST_SEQUENCES = 16
_WORKSPACE_BYTES = 400_000_000
# bytes per weight where the catalogue has no size: linear layers quantized, embeddings not
_TYPICAL_BYTES = {"int8": 1.1, "nf4": 0.65, "int4": 0.65}
_DTYPE_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True, slots=True)
class Size:
    """What a model's memory follows from; `quantized`: bytes of weights per quantization, where they are known."""

    parameters: int
    kv_bytes_per_token: int
    context_tokens: int
    quantized: Mapping[str, int]


def size_of(source: Source, checkpoint: Checkpoint) -> Size:
    known = source.entry.weight_bytes if source.entry else {}
    return Size(checkpoint.parameters, checkpoint.kv_bytes_per_token, checkpoint.context_tokens, known)


def needed_bytes(size: Size, quantization: Quantization, dtype: Dtype, sequence_tokens: int) -> int:
    """Memory for weights, the KV cache of one sequence, and what computing needs on top."""
    if quantization == "none":
        weights = size.parameters * _DTYPE_BYTES[dtype]
    else:
        weights = size.quantized.get(quantization) or int(size.parameters * _TYPICAL_BYTES[quantization])
    return weights + _kv_bytes(size, quantization, dtype, sequence_tokens) + _WORKSPACE_BYTES


def _kv_bytes(size: Size, quantization: Quantization, dtype: Dtype, sequence_tokens: int) -> int:
    """Of one sequence, which is never longer than the model's context. Beside weights of fewer bits keys and values
    have 16, also on a CPU that computes in float32."""
    item = _DTYPE_BYTES[dtype] if quantization == "none" else 2
    return size.kv_bytes_per_token * min(sequence_tokens, size.context_tokens) * item // 2


def kv_limit_bytes(
    size: Size, quantization: Quantization, dtype: Dtype, sequence_tokens: int, left_bytes: float
) -> int:
    """For the sequence that is being completed, and others as far as a good part of what is left goes."""
    one = _kv_bytes(size, quantization, dtype, sequence_tokens)
    return min(_MOST_SEQUENCES * one, one + int(max(0, left_bytes) * _KV_SHARE))
