"""The types of GGUF files, made by real quantizers: the weights are those that the package gguf reads."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType
from gguf.quants import dequantize
from gguf_models import BY_GGML, TYPES, quantized
from seekline.model.backends.llama.gguf_types import FLOATS, QUANTIZED, stored_matrix

GROUPS: dict[str, int] = dict.fromkeys(("Q2_K", "Q3_K", "Q6_K"), 16)
BITS = {"Q2_K": 2, "Q3_K": 3, "Q4_0": 4, "Q4_1": 4, "Q4_K": 4, "Q5_0": 5, "Q5_1": 5, "Q5_K": 5, "Q6_K": 6, "Q8_0": 8}
HALVES = {"Q2_K": (80, 82), "Q3_K": (108,), "Q6_K": (208,), **dict.fromkeys(("Q4_1", "Q5_1", "Q4_K", "Q5_K"), (0, 2))}
"""Where the 16-bit numbers of a block begin, if not at 0 only."""
SHAPE = 48, 512


def check(content: np.ndarray, kind: str) -> None:
    """Reads the bytes of a matrix of `SHAPE`, and compares all weights with those of the package gguf."""
    matrix = stored_matrix(torch.from_numpy(content.reshape(-1)), kind, SHAPE)
    wanted = torch.from_numpy(dequantize(content, GGMLQuantizationType[kind]))
    assert matrix.codes.dtype == torch.uint8
    assert matrix.codes.shape == wanted.shape == SHAPE
    assert matrix.group == GROUPS.get(kind, 32)
    assert matrix.scales.dtype == matrix.zeros.dtype == torch.float32
    assert torch.equal(matrix.dense(), wanted)


def test_every_type_is_known() -> None:
    assert {*FLOATS, *QUANTIZED} == set(TYPES)


@pytest.mark.parametrize("kind", QUANTIZED)
def test_what_a_quantizer_makes(kind: str) -> None:
    values = np.random.default_rng(0).normal(0, 0.1, SHAPE).astype(np.float32)
    values[3] = 0
    values[4] *= 1000
    content = quantized(values, kind)
    check(content, kind)
    matrix = stored_matrix(torch.from_numpy(content.reshape(-1)), kind, SHAPE)
    assert matrix.bits == BITS[kind]
    error = (matrix.dense()[5:] - torch.from_numpy(values[5:])).abs().max()
    assert error < 0.6 * 2 ** -BITS[kind], "it is these values that were quantized"


@pytest.mark.parametrize("kind", QUANTIZED)
def test_any_bits(kind: str) -> None:
    """Whatever the bits of codes and of quantized scales are, those that a quantizer seldom makes among them."""
    _, block_bytes = QUANTIZED[kind]
    weights = 256 if kind in BY_GGML else 32
    content = np.random.default_rng(1).integers(0, 256, (math.prod(SHAPE) // weights, block_bytes), dtype=np.uint8)
    for start in HALVES.get(kind, (0,)):
        content[:, start + 1] &= 0b10111111  # of a 16-bit number that is none, or infinite, there is nothing to compare
    check(content.reshape(SHAPE[0], -1), kind)
