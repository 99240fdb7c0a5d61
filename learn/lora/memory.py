"""What training needs of memory, estimated before anything is loaded: number format, rows of a pass, what is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...model.backends.llama.llama_config import LlamaConfig
from ...model.catalogue.checkpoint import Checkpoint
from ...model.errors import OutOfMemory, UnsupportedQuantization
from ...model.loading.hardware import Device, Dtype
from ...model.loading.quantization_choice import check_quantization, is_installed
from .options import Options

_USABLE_SHARE = 0.9
_BYTES = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0}
_NF4_BYTES = 0.5 + 4 / 64
"""A half each, and a float32 scale for 64 of them."""
_BYTES_PER_TRAINED = 4 * 4
"""float32: itself, its gradient, and AdamW's two means."""
_HIDDEN_KEPT, _INTERMEDIATE_KEPT = 24, 10
"""Numbers per token and layer that the backward pass needs, by the sizes of a layer: inputs of norms, of products, of
the adapter's products (each behind a dropout of its own), and of the attention. Measured: see learn/README.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How a training fits a device. `pass_tokens`: of one pass through the model. `checkpointing`: whether the backward
    pass computes each layer again instead of keeping what it needs. `bytes`: what all takes, estimated."""

    device: Device
    dtype: Dtype
    qlora: bool
    pass_tokens: int
    checkpointing: bool
    bytes: int


def fit(checkpoint: Checkpoint, options: Options, device: Device, *, qlora: bool | None) -> Fit:
    """The fastest way that the free memory holds. Raises `OutOfMemory` where there is none, and
    `UnsupportedQuantization` for `qlora` where it cannot be."""
    llama = checkpoint.llama
    assert llama is not None, "found out before"
    room = int(device.free_bytes * _USABLE_SHARE)
    # On a CPU, bfloat16 is slower than float32 on most machines, and a small model's weights are small either way.
    dtype: Dtype = "bfloat16" if device.kind == "cuda" and "bfloat16" in device.fast_dtypes else "float32"
    least: int | None = None
    for in_four_bits, checkpointing, tokens in _ways(_quantizations(checkpoint, device, qlora), options):
        needed = _needed(checkpoint, llama, options, dtype, in_four_bits, checkpointing, tokens)
        least = needed if least is None else min(least, needed)
        if needed <= room:
            return Fit(
                device=device,
                dtype=dtype,
                qlora=in_four_bits,
                pass_tokens=tokens,
                checkpointing=checkpointing,
                bytes=needed,
            )
    raise OutOfMemory(
        f"Training needs about {(least or 0) / 1e9:.1f} GB on {device.name}, of which {device.free_bytes / 1e9:.1f} GB "
        "are free.",
        "Choose a smaller model, lower --row-tokens, or close other programs.",
    )


def _ways(quantizations: Sequence[bool], options: Options) -> Iterator[tuple[bool, bool, int]]:
    """Whether in four bits, whether layers are computed again, and the tokens of a pass: the fastest first."""
    for in_four_bits in quantizations:
        for checkpointing in (False, True):
            tokens = options.batch_tokens
            while tokens > options.row_tokens:
                yield in_four_bits, checkpointing, tokens
                tokens //= 2
            yield in_four_bits, checkpointing, options.row_tokens


def _quantizations(checkpoint: Checkpoint, device: Device, qlora: bool | None) -> list[bool]:
    """Whether the base may be in four bits, what is better first. Raises `UnsupportedQuantization`."""
    if qlora and device.kind != "cuda":
        raise UnsupportedQuantization(
            f"Training beside four bits (--qlora) runs on CUDA, not on {device.name}.", "Leave --qlora out."
        )
    if qlora:
        check_quantization("nf4", device, checkpoint)
        return [True]
    if qlora is None and device.kind == "cuda" and is_installed("bitsandbytes"):
        return [False, True]
    return [False]


def trained_parameters(llama: LlamaConfig, options: Options) -> int:
    """Of both matrices of each adapted module."""
    total = 0
    for name, shape in llama.tensors():
        if name.removesuffix(".weight").endswith(options.modules):
            total += options.rank * sum(shape)
    return total


def _needed(
    checkpoint: Checkpoint,
    llama: LlamaConfig,
    options: Options,
    dtype: Dtype,
    in_four_bits: bool,
    checkpointing: bool,
    tokens: int,
) -> int:
    size = _BYTES[dtype]
    embedding = llama.vocabulary * llama.hidden * (1 if llama.tied else 2)
    layers = checkpoint.parameters - embedding
    weights = embedding * size + layers * (_NF4_BYTES if in_four_bits else size)
    of_layer = (_HIDDEN_KEPT * llama.hidden + _INTERMEDIATE_KEPT * llama.intermediate) * size
    kept = of_layer + llama.layers * llama.hidden * size if checkpointing else llama.layers * of_layer
    # Logits are float32, of the targets only: seldom more than a fifth of the tokens.
    logits = 3 * 4 * llama.vocabulary / 5
    adapter = trained_parameters(llama, options) * (_BYTES_PER_TRAINED + 4)
    return int(weights + adapter + tokens * (kept + logits))
