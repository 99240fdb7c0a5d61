"""Weights in four and eight bits, made from the weights alone: no data is needed.

Four bits: groups of a row share a scale and a zero point. The zero point is fitted by half-quadratic splitting under a
norm that forgives outliers, as HQQ does (Badri and Shaji 2023, "Half-Quadratic Quantization of Large Machine Learning
Models"); the scale then by least squares.
"""

from __future__ import annotations

import torch

from .linears import Int4Linear, Int8Linear, Linear, ReorderedLinear
from .native_structures import GROUP
from .stored_matrix import StoredMatrix

_LEVELS = 15
_MIDDLE = 8  # torch's packs store a weight as (code - 8) * scale + zero
_STEPS = 5
_FIRST_BETA, _BETA_GROWTH = 10.0, 1.01
_TILE = 2  # of torch's CPU pack: what it calls innerKTiles
_CUDA_TILE = 8
_SMALLEST = 1e-6
_BLOCK_WEIGHTS = 1 << 18
_TORCH_GROUPS = (256, 128, 64, 32)
_CUDA_INPUTS = 16 * _CUDA_TILE  # their number is a multiple of it


def can_be_int4(weight: torch.Tensor) -> bool:
    """Whether torch packs a matrix of this shape: whole groups, and outputs that fill its tiles."""
    outputs, inputs = weight.shape
    return inputs % GROUP == 0 and outputs % 16 == 0


def int8_codes(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The nearest codes, int8, shape (outputs, inputs), and scales and zeros as `int4_codes` has them, the zeros 0."""
    outputs, inputs = weight.shape
    groups = weight.float().reshape(outputs, inputs // GROUP, GROUP)
    scales = (groups.abs().amax(-1, keepdim=True) / 127).clamp(min=_SMALLEST).bfloat16()
    codes = (groups / scales.float()).round_().clamp_(-127, 127).to(torch.int8)
    pairs = torch.cat([scales, torch.zeros_like(scales)], -1).transpose(0, 1)
    return codes.reshape(outputs, inputs), pairs.contiguous()


def to_int8(weight: torch.Tensor) -> Int8Linear:
    """Eight bits and one scale per output, as torch multiplies them."""
    wide = weight.float()
    scales = (wide.abs().amax(1) / 127).clamp(min=_SMALLEST).bfloat16()
    return Int8Linear((wide / scales.float()[:, None]).round().clamp(-127, 127).to(torch.int8), scales)


def int4_codes(weight: torch.Tensor, *, steps: int = _STEPS, group: int = GROUP) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes 0 to 15, uint8, shape (outputs, inputs), and scales and zeros, bfloat16, shape (groups, outputs, 2).

    `steps` 0: scale and zero point of the smallest and the largest weight, rounded to nearest.
    """
    blocks = [_int4_codes(block, steps, group) for block in weight.split(max(1, _BLOCK_WEIGHTS // weight.shape[1]))]
    codes, pairs = zip(*blocks, strict=True)
    return torch.cat(codes), torch.cat(pairs, 1).contiguous()


def _int4_codes(weight: torch.Tensor, steps: int, group: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The same for a few rows, so few that what is computed on the way stays in a CPU's caches."""
    outputs, inputs = weight.shape
    groups = weight.float().reshape(outputs, inputs // group, group)
    low, high = groups.amin(-1, keepdim=True), groups.amax(-1, keepdim=True)
    scale = ((high - low) / _LEVELS).clamp(min=_SMALLEST)
    zero = low + _MIDDLE * scale
    if steps:
        scale, zero = _fitted(groups, scale, zero, steps)
    scale, zero = scale.bfloat16(), zero.bfloat16()
    codes = _codes(groups, scale.float(), zero.float())
    pairs = torch.cat([scale, zero], -1).transpose(0, 1)
    return codes.to(torch.uint8).reshape(outputs, inputs), pairs


def _fitted(
    groups: torch.Tensor, scale: torch.Tensor, zero: torch.Tensor, steps: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scale and zero with a smaller error than the given ones, group by group."""
    best_scale, best_zero, best = scale, zero, _error(groups, scale, zero)
    beta = _FIRST_BETA
    for _ in range(steps):
        offsets = _codes(groups, scale, zero) - _MIDDLE
        error = groups - (offsets * scale + zero)
        # The outliers, which the zero point need not follow: the proximal step of the l_1/2 norm.
        outliers = torch.copysign((error.abs() - error.abs().clamp(min=1e-8).rsqrt() / beta).clamp(min=0), error)
        zero = (groups - outliers - offsets * scale).mean(-1, keepdim=True)
        scale = _least_squares(groups - zero, _codes(groups, scale, zero) - _MIDDLE, scale)
        beta *= _BETA_GROWTH
        now = _error(groups, scale, zero)
        better = now < best
        best_scale, best_zero = torch.where(better, scale, best_scale), torch.where(better, zero, best_zero)
        best = torch.minimum(now, best)
    return best_scale, best_zero


def _least_squares(wanted: torch.Tensor, offsets: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """The scale that brings `offsets` nearest to `wanted`; the given one where all offsets are 0."""
    squares = (offsets * offsets).sum(-1, keepdim=True)
    fitted = (offsets * wanted).sum(-1, keepdim=True) / squares.clamp(min=1)
    return torch.where(fitted > _SMALLEST, fitted, scale)


def _codes(groups: torch.Tensor, scale: torch.Tensor, zero: torch.Tensor) -> torch.Tensor:
    return ((groups - zero) / scale + _MIDDLE).round().clamp(0, _LEVELS)


def _error(groups: torch.Tensor, scale: torch.Tensor, zero: torch.Tensor) -> torch.Tensor:
    restored = (_codes(groups, scale, zero) - _MIDDLE) * scale + zero
    return (groups - restored).square().sum(-1, keepdim=True)


def to_bytes(codes: torch.Tensor) -> torch.Tensor:
    """Codes of four bits, two in a byte, shape (outputs, inputs / 2)."""
    return codes[:, ::2] << 4 | codes[:, 1::2]


def from_bytes(pairs: torch.Tensor) -> torch.Tensor:
    """The codes that `to_bytes` was given."""
    return torch.stack([pairs >> 4, pairs & _LEVELS], -1).flatten(1)


def refitted(weight: torch.Tensor, group: int) -> StoredMatrix:
    """A matrix in four bits, with a scale and a zero for each group of so many inputs."""
    codes, pairs = int4_codes(weight, group=group)
    scales, zeros = pairs.float().permute(2, 1, 0)
    return StoredMatrix(codes=codes, scales=scales.contiguous(), zeros=zeros - _MIDDLE * scales)


def pack_int4(codes: torch.Tensor, scales_and_zeros: torch.Tensor, group: int = GROUP) -> Int4Linear:
    """Codes as torch multiplies them on their device. `group`: inputs that share a scale, 32, 64, 128 or 256."""
    if codes.device.type == "cuda":
        packed = torch.ops.aten._convert_weight_to_int4pack(to_bytes(codes), _CUDA_TILE)
    else:
        packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(codes.int(), _TILE)
    return Int4Linear(packed, scales_and_zeros, group)


def stored_int4(stored: StoredMatrix, device: str) -> Linear | None:
    """A matrix with the codes that its file has, as torch multiplies them; None where it does not: with more than four
    bits, in smaller groups than torch has, or on other devices than CPUs and CUDA's."""
    outputs, inputs = stored.codes.shape
    kind = device.partition(":")[0]
    group = next((size for size in _TORCH_GROUPS if stored.group % size == 0), None)
    step = _CUDA_INPUTS if kind == "cuda" else 1
    if group is None or stored.bits > 4 or kind not in ("cpu", "cuda") or outputs % 16 or inputs % step:
        return None
    pairs = torch.stack([stored.scales, stored.zeros + _MIDDLE * stored.scales], -1).transpose(0, 1).bfloat16()
    # A larger group is several that have the same.
    pairs = pairs.repeat_interleave(stored.group // group, 0)
    linear = pack_int4(stored.codes.to(device), pairs.contiguous().to(device), group)
    return linear if stored.order is None else ReorderedLinear(linear, stored.order.to(device))


def to_int4(weight: torch.Tensor) -> Int4Linear:
    return pack_int4(*int4_codes(weight))


def from_codes(codes: torch.Tensor, pairs: torch.Tensor, *, middle: int = _MIDDLE) -> torch.Tensor:
    """The matrix that codes stand for, float32, shape (outputs, inputs): (code - middle) * scale + zero."""
    outputs, inputs = codes.shape
    scale, zero = pairs.transpose(0, 1).float().split(1, -1)
    groups = codes.reshape(outputs, inputs // GROUP, GROUP).float()
    return ((groups - middle) * scale + zero).reshape(outputs, inputs)
