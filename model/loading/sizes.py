"""How much memory a model needs: weights, KV caches, and what computing takes on top."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..catalogue.checkpoint import Checkpoint
from ..catalogue.sources import Source
from ..decoding.slots import capacity_tokens
from .hardware import Dtype

Quantization = Literal["none", "int8", "nf4", "int4", "stored"]
"""Of the weights in memory; `stored`: as they are quantized in their files."""

# Of KV caches: so many sequences at most and at least, and so much of the memory that is left beside the model.
_MOST_SEQUENCES = 8
_LEAST_SEQUENCES = 2
_KV_SHARE = 0.25
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
    known = dict(source.entry.weight_bytes) if source.entry else {}
    if checkpoint.stored_bytes is not None:
        known["stored"] = checkpoint.stored_bytes
    return Size(checkpoint.parameters, checkpoint.kv_bytes_per_token, checkpoint.context_tokens, known)


def needed_bytes(size: Size, quantization: Quantization, dtype: Dtype, sequence_tokens: int) -> int:
    """Memory for weights, the KV cache of one sequence, and what computing needs on top."""
    weights = _weight_bytes(size, quantization, dtype)
    return weights + _kv_bytes(size, quantization, dtype, sequence_tokens) + _WORKSPACE_BYTES


def _weight_bytes(size: Size, quantization: Quantization, dtype: Dtype) -> int:
    if quantization == "none":
        return size.parameters * _DTYPE_BYTES[dtype]
    return size.quantized.get(quantization) or int(size.parameters * _TYPICAL_BYTES[quantization])


def _kv_bytes(size: Size, quantization: Quantization, dtype: Dtype, sequence_tokens: int) -> int:
    """Of one sequence, which is never longer than the model's context. Beside weights of fewer bits keys and values
    have 16, also on a CPU that computes in float32."""
    item = _DTYPE_BYTES[dtype] if quantization == "none" else 2
    return size.kv_bytes_per_token * min(sequence_tokens, size.context_tokens) * item // 2


def kv_limit_bytes(
    size: Size,
    quantization: Quantization,
    dtype: Dtype,
    sequence_tokens: int,
    left_bytes: float,
    max_sequences: int | None = None,
) -> int:
    """How much memory the KV caches of all documents may take. `left_bytes`: free beside the model and one sequence.
    `max_sequences`: of documents with prompts of full length; None leaves their number to what follows.

    To keep a document's KV cache saves reading its prompt again when the user comes back to it. That takes time in
    proportion to the weights, so the memory that it is worth is in proportion to them too: all KV caches together get
    as much as the weights have, but no more than a few sequences, since nobody goes back and forth between many files,
    and always two, since many do so between two. More than a part of what is left they never get, but for one sequence.
    """
    one = _kv_bytes(size, quantization, dtype, sequence_tokens)
    slot = _kv_bytes(size, quantization, dtype, capacity_tokens(sequence_tokens, size.context_tokens))
    worth = max(_LEAST_SEQUENCES * slot, min(_MOST_SEQUENCES * slot, _weight_bytes(size, quantization, dtype)))
    if max_sequences is not None:
        worth = max_sequences * slot
    return min(worth, one + int(max(0, left_bytes) * _KV_SHARE))
