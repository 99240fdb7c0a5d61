"""The bytes of ggml's types as the codes, scales and zeros that they stand for.

A row is blocks of 32 weights, or of 256 in the K types, whose groups have quantized scales of their own. The layouts
are those of ggml's ggml-common.h. Multiplied and added in float32, the weights are to the bit those that ggml has.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from .stored_matrix import StoredMatrix

_Blocks = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Codes, shape (blocks, weights of one), and scales and zeros, shape (blocks, groups of one)."""

FLOATS = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def stored_matrix(content: torch.Tensor, dtype: str, shape: tuple[int, int]) -> StoredMatrix:
    """The bytes of a matrix, shape (n,), of one of the types in `QUANTIZED`."""
    outputs, _ = shape
    unpack, block_bytes = QUANTIZED[dtype]
    codes, scales, zeros = unpack(content.view(-1, block_bytes))
    return StoredMatrix(
        codes=codes.reshape(shape), scales=scales.reshape(outputs, -1), zeros=zeros.reshape(outputs, -1)
    )


def _q4_0(blocks: torch.Tensor) -> _Blocks:
    scales = _half(blocks, 0)
    return _spread(blocks[:, 2:], 16, 4), scales, -8 * scales


def _q4_1(blocks: torch.Tensor) -> _Blocks:
    return _spread(blocks[:, 4:], 16, 4), _half(blocks, 0), _half(blocks, 2)


def _q5_0(blocks: torch.Tensor) -> _Blocks:
    scales = _half(blocks, 0)
    codes = _spread(blocks[:, 6:], 16, 4) | _spread(blocks[:, 2:6], 1, 1) << 4
    return codes, scales, -16 * scales


def _q5_1(blocks: torch.Tensor) -> _Blocks:
    codes = _spread(blocks[:, 8:], 16, 4) | _spread(blocks[:, 4:8], 1, 1) << 4
    return codes, _half(blocks, 0), _half(blocks, 2)


def _q8_0(blocks: torch.Tensor) -> _Blocks:
    scales = _half(blocks, 0)
    # A signed byte and 128, modulo 256.
    return blocks[:, 2:] ^ 128, scales, -128 * scales


def _q2_k(blocks: torch.Tensor) -> _Blocks:
    scales, minima = _half(blocks, 80) * (blocks[:, :16] & 15), _half(blocks, 82) * (blocks[:, :16] >> 4)
    return _spread(blocks[:, 16:80], 32, 2), scales, -minima


def _q3_k(blocks: torch.Tensor) -> _Blocks:
    codes = _spread(blocks[:, 32:96], 32, 2) | _spread(blocks[:, :32], 32, 1) << 2
    six_bits = _spread(blocks[:, 96:104], 8, 4) | _spread(blocks[:, 104:108], 4, 2) << 4
    scales = _half(blocks, 108) * (six_bits.float() - 32)
    return codes, scales, -4 * scales


def _q4_k(blocks: torch.Tensor) -> _Blocks:
    return _spread(blocks[:, 16:], 32, 4), *_scales_and_zeros(blocks)


def _q5_k(blocks: torch.Tensor) -> _Blocks:
    codes = _spread(blocks[:, 48:], 32, 4) | _spread(blocks[:, 16:48], 32, 1) << 4
    return codes, *_scales_and_zeros(blocks)


def _q6_k(blocks: torch.Tensor) -> _Blocks:
    codes = _spread(blocks[:, :128], 64, 4) | _spread(blocks[:, 128:192], 32, 2) << 4
    scales = _half(blocks, 208) * blocks[:, 192:208].contiguous().view(torch.int8)
    return codes, scales, -32 * scales


QUANTIZED: dict[str, tuple[Callable[[torch.Tensor], _Blocks], int]] = {
    "Q4_0": (_q4_0, 18),
    "Q4_1": (_q4_1, 20),
    "Q5_0": (_q5_0, 22),
    "Q5_1": (_q5_1, 24),
    "Q8_0": (_q8_0, 34),
    "Q2_K": (_q2_k, 84),
    "Q3_K": (_q3_k, 110),
    "Q4_K": (_q4_k, 144),
    "Q5_K": (_q5_k, 176),
    "Q6_K": (_q6_k, 210),
}
"""What reads the blocks of a type, and the bytes of one."""


def _half(blocks: torch.Tensor, start: int) -> torch.Tensor:
    """The 16-bit number at a byte of each block, float32, shape (blocks, 1)."""
    return blocks[:, start : start + 2].contiguous().view(torch.float16).float()


def _spread(packed: torch.Tensor, width: int, bits: int) -> torch.Tensor:
    """The codes of so many bits that bytes hold, shape (blocks, codes).

    So many bytes, `width`, hold their lowest bits first, one after the other, and then their next ones.
    """
    shifts = torch.arange(0, 8, bits, dtype=torch.uint8)[:, None]
    codes = packed.unflatten(1, (-1, 1, width)) >> shifts & (1 << bits) - 1
    return codes.flatten(1)


def _scales_and_zeros(blocks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the eight groups in a block of Q4_K or Q5_K, whose scales and minima have six bits each.

    The first four of both stand in eight bytes; of the others, the lower four bits share four bytes, and the upper two
    fill up the bytes of the first.
    """
    scales, minima, shared = blocks[:, 4:16].split(4, 1)
    later_scales = shared & 15 | scales >> 6 << 4
    later_minima = shared >> 4 | minima >> 6 << 4
    all_scales = torch.cat([scales & 63, later_scales], 1)
    all_minima = torch.cat([minima & 63, later_minima], 1)
    return _half(blocks, 0) * all_scales, -_half(blocks, 2) * all_minima
