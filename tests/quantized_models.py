"""Small models in the formats of GPTQ and AWQ, packed here by hand, each beside a twin with its weights as numbers.

Nothing of the reader is used: a matrix is rounded to codes, and the codes are put into words one by one.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy
from numpy.typing import NDArray
from tiny_models import save_llama

Array = NDArray[Any]
WIDE = {"hidden_size": 256, "intermediate_size": 512}
"""Sizes of a model whose rows hold groups of 128."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounded:
    """A matrix whose weights are `(code - zero) * scale`: codes of shape (outputs, inputs), zeros and scales of shape
    (outputs, groups), the group of each input."""

    codes: Array
    zeros: Array
    scales: Array
    group_of: Array

    @property
    def weights(self) -> Array:
        offsets = self.codes.astype(numpy.float64) - self.zeros[:, self.group_of]
        return (offsets * self.scales[:, self.group_of]).astype(numpy.float32)


def rounded(weights: Array, group_of: Array, *, bits: int, symmetric: bool) -> Rounded:
    """To the nearest of the codes between each group's least and greatest weight."""
    most = 2**bits - 1
    zeros, scales = [], []
    for group in range(group_of.max() + 1):
        part = weights[:, group_of == group]
        low, high = numpy.minimum(part.min(1), 0), numpy.maximum(part.max(1), 0)
        if symmetric:
            scale = (2 * numpy.maximum(-low, high) / most).astype(numpy.float16)
            zero = numpy.full(len(part), 2 ** (bits - 1))
        else:
            scale = ((high - low) / most).astype(numpy.float16)
            zero = numpy.clip(numpy.round(-low / scale), 0, most)
        zeros.append(zero)
        scales.append(scale)
    zero_by_input, scale_by_input = numpy.stack(zeros, 1)[:, group_of], numpy.stack(scales, 1)[:, group_of]
    codes = numpy.clip(numpy.round(weights / scale_by_input) + zero_by_input, 0, most)
    return Rounded(
        codes=codes.astype(numpy.int64),
        zeros=numpy.stack(zeros, 1).astype(numpy.int64),
        scales=numpy.stack(scales, 1).astype(numpy.float16),
        group_of=group_of,
    )


def in_words(codes: Array, bits: int, places: tuple[int, ...] | None = None) -> Array:
    """Codes of shape (n, words * codes per word) as int32 of shape (n, words); `places`: of each code of a word."""
    count = 32 // bits
    words = numpy.zeros((len(codes), codes.shape[1] // count), numpy.uint32)
    for column in range(codes.shape[1]):
        place = column % count if places is None else places[column % count]
        words[:, column // count] |= codes[:, column].astype(numpy.uint32) << numpy.uint32(bits * place)
    return words.view(numpy.int32)


def gptq_tensors(matrix: Rounded, *, bits: int, less_one: bool) -> dict[str, Array]:
    """`less_one`: zero points are stored as one less, in arithmetic of whole words, as GPTQ's first format has them."""
    zeros = in_words(matrix.zeros.T, bits).view(numpy.uint32)
    ones = in_words(numpy.ones_like(matrix.zeros.T), bits).view(numpy.uint32)
    return {
        "qweight": in_words(matrix.codes, bits).T,
        "qzeros": (zeros - ones if less_one else zeros).view(numpy.int32),
        "scales": matrix.scales.T,
        "g_idx": matrix.group_of.astype(numpy.int32),
    }


def awq_tensors(matrix: Rounded) -> dict[str, Array]:
    places = (0, 4, 1, 5, 2, 6, 3, 7)
    return {
        "qweight": in_words(matrix.codes.T, 4, places),
        "qzeros": in_words(matrix.zeros.T, 4, places),
        "scales": matrix.scales.T,
    }


def group_of_inputs(inputs: int, group: int, *, reordered: bool, seed: int) -> Array:
    """`group` -1: one for all. `reordered`: as an activation order leaves it, each group's inputs here and there."""
    size = inputs if group == -1 else group
    groups = numpy.arange(inputs) // size
    return numpy.random.default_rng(seed).permutation(groups) if reordered else groups


def save_quantized(
    folder: Path,
    twin: Path,
    *,
    method: Literal["gptq", "awq"] = "gptq",
    bits: int = 4,
    group: int = 128,
    symmetric: bool = False,
    reordered: bool = False,
    layout: Literal["gptq", "gptq_v2"] = "gptq",
    one_order: bool = True,
    packs_head: bool = False,
    **shape: Any,
) -> Path:
    """A random Llama, quantized in `folder`, and the same weights in float32 in `twin`.

    `one_order`: whether the matrices that read the same inputs have the same groups, as GPTQ leaves them.
    """
    from safetensors.numpy import load_file, save_file

    save_llama(twin, **{**WIDE, **shape})
    weights = {name: weight.astype(numpy.float32) for name, weight in load_file(twin / "model.safetensors").items()}
    packed: dict[str, Array] = {}
    for number, (name, weight) in enumerate(list(weights.items())):
        if not name.endswith("_proj.weight") and not (packs_head and name == "lm_head.weight"):
            packed[name] = weight.astype(numpy.float16)
            weights[name] = packed[name].astype(numpy.float32)
            continue
        seed = weight.shape[1] if one_order else number
        group_of = group_of_inputs(weight.shape[1], group, reordered=reordered, seed=seed)
        matrix = rounded(weight, group_of, bits=bits, symmetric=symmetric)
        weights[name] = matrix.weights
        parts = gptq_tensors(matrix, bits=bits, less_one=layout == "gptq") if method == "gptq" else awq_tensors(matrix)
        for part, values in parts.items():
            packed[f"{name.removesuffix('weight')}{part}"] = numpy.ascontiguousarray(values)
    save_file(weights, twin / "model.safetensors", {"format": "pt"})
    shutil.copytree(twin, folder, dirs_exist_ok=True)
    save_file(packed, folder / "model.safetensors", {"format": "pt"})
    set_config(folder, quantization_config=quantization_config(method, bits, group, symmetric, reordered, layout))
    return folder


def quantization_config(
    method: str, bits: int, group: int, symmetric: bool, reordered: bool, layout: str
) -> dict[str, Any]:
    """As the tools that quantize write it into config.json."""
    shared = {"quant_method": method, "bits": bits, "group_size": group}
    if method == "awq":
        return {**shared, "version": "gemm", "zero_point": True, "modules_to_not_convert": None}
    return {**shared, "desc_act": reordered, "sym": symmetric, "true_sequential": True, "checkpoint_format": layout}


def set_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")
