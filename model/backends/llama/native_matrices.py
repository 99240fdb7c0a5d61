"""Matrices as the C code multiplies by them: tiles of 16 outputs, in each of their number formats."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from enum import IntEnum

import torch
from torch.nn import functional

from . import native_structures
from .native_structures import GROUP, HALF, TILE
from .quantization import int4_codes, int8_codes
from .stored_matrix import StoredMatrix

_INT8_CENTRE, _INT4_CENTRE = 128, 8


class WeightFormat(IntEnum):
    """`format` in kernels.h."""

    FLOAT32 = 0
    BFLOAT16 = 1
    INT8 = 2
    INT4 = 3
    INT4_BY_32 = 4
    INT4_BY_32_SYMMETRIC = 5


FORMAT_BY_BITS = {4: WeightFormat.INT4, 8: WeightFormat.INT8}
"""By the bits of a weight."""

_GROUP_BYTES = {
    WeightFormat.FLOAT32: 4 * TILE * GROUP,
    WeightFormat.BFLOAT16: 2 * TILE * GROUP,
    WeightFormat.INT8: TILE * (GROUP + 4),
    WeightFormat.INT4: TILE * (GROUP // 2 + 4),
    WeightFormat.INT4_BY_32: TILE * (GROUP // 2 + 8),
    WeightFormat.INT4_BY_32_SYMMETRIC: TILE * (GROUP // 2 + 4),
}


@dataclass(frozen=True, slots=True)
class PackedMatrix:
    """A matrix of shape (outputs, inputs), outputs filled up with zeros to whole tiles; `data`: shape (tiles, bytes).
    `order`: see `StoredMatrix`; int32.

    As a `Linear` it is one thread's product; the forward pass reads `data` itself.
    """

    format: WeightFormat
    data: torch.Tensor
    order: torch.Tensor | None = None

    @property
    def outputs(self) -> int:
        return len(self.data) * TILE

    @property
    def inputs(self) -> int:
        return self.data.shape[1] * GROUP // _GROUP_BYTES[self.format]  # of floating point numbers, any number

    def struct(self) -> native_structures.Matrix:
        order = None if self.order is None else self.order.data_ptr()
        return native_structures.Matrix(self.format, self.outputs, self.inputs, self.data.data_ptr(), order)

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        native = native_structures.library()
        assert native is not None
        count = len(rows)
        inputs = RowBuffers(count, self.inputs)
        inputs.values.copy_(rows)
        out = torch.empty(count, self.outputs)
        native.seekline_product(
            ctypes.byref(self.struct()), ctypes.byref(inputs.struct()), count, ctypes.c_void_p(out.data_ptr())
        )
        return out


class RowBuffers:
    """Rows of one width that are to be multiplied: `rows` in kernels.h, their values and room for their codes."""

    def __init__(self, count: int, width: int) -> None:
        self.values = torch.empty(count, width)
        self._codes = torch.empty(count, width, dtype=torch.int8)
        self._scales = torch.empty(count, width // HALF)
        self._sums = torch.empty(count, width // HALF)

    def struct(self) -> native_structures.Rows:
        buffers = (self.values, self._codes, self._scales, self._sums)
        return native_structures.Rows(*(buffer.data_ptr() for buffer in buffers))


def pack(matrix: torch.Tensor, bits: int | None) -> PackedMatrix:
    """A matrix of floating point numbers in 4 or 8 bits a weight, or as exactly as it is."""
    matrix = functional.pad(matrix, (0, 0, 0, -len(matrix) % TILE))
    if bits == 4:
        codes, pairs = int4_codes(matrix)
        return PackedMatrix(WeightFormat.INT4, _groups([codes], pairs))
    if bits == 8:
        codes, pairs = int8_codes(matrix)
        shifted = (codes.short() + _INT8_CENTRE).to(torch.uint8)
        return PackedMatrix(WeightFormat.INT8, _groups([shifted & 15, shifted >> 4], pairs))
    exact = matrix.bfloat16()
    if not torch.equal(exact.to(matrix.dtype), matrix):
        return PackedMatrix(WeightFormat.FLOAT32, _columns(matrix.float()))
    return PackedMatrix(WeightFormat.BFLOAT16, _columns(exact))


def pack_stored(matrix: StoredMatrix) -> PackedMatrix:
    """A matrix of at most four bits, in groups of whole halves, as it is: only scales and zeros are rounded, to 16
    bits."""
    if matrix.bits > 4 or matrix.group % HALF:
        raise ValueError(f"there is no product with {matrix.bits} bits in groups of {matrix.group}")
    missing = -len(matrix.codes) % TILE
    codes = functional.pad(matrix.codes, (0, 0, 0, missing))
    scales, zeros = _halves(matrix.scales, matrix.group, missing), _halves(matrix.zeros, matrix.group, missing)
    order = None if matrix.order is None else matrix.order.int()
    if torch.equal(matrix.zeros, -_INT4_CENTRE * matrix.scales):
        by_half, format = scales[..., None, :], WeightFormat.INT4_BY_32_SYMMETRIC
    else:
        by_half, format = torch.stack([scales, zeros], -2), WeightFormat.INT4_BY_32
    data = torch.cat([_plane(codes), by_half.flatten(2).half().view(torch.uint8)], -1).flatten(1)
    return PackedMatrix(format, data, order)


def _halves(groups: torch.Tensor, group: int, missing: int) -> torch.Tensor:
    """What groups of inputs share, shape (outputs, groups), as shape (tiles, groups, 2, 16) of `HALF` inputs each."""
    by_half = functional.pad(groups.repeat_interleave(group // HALF, 1), (0, 0, 0, missing))
    return by_half.view(len(by_half) // TILE, TILE, -1, 2).permute(0, 2, 3, 1)


def _groups(codes: list[torch.Tensor], pairs: torch.Tensor) -> torch.Tensor:
    """By tile and group: the planes of 4-bit codes, the scales, the zero points. `pairs`: see `int4_codes`."""
    planes = [_plane(plane) for plane in codes]
    tiled = pairs.bfloat16().view(len(pairs), -1, TILE, 2).permute(1, 0, 3, 2).contiguous()
    return torch.cat([*planes, tiled.flatten(2).view(torch.uint8)], -1).flatten(1)


def _plane(codes: torch.Tensor) -> torch.Tensor:
    """Codes of 4 bits, shape (tiles, groups, bytes): a byte has two inputs that stand 4 apart, 64 bytes have 8 inputs
    of 16 outputs."""
    outputs, inputs = codes.shape
    split = codes.view(outputs // TILE, TILE, inputs // GROUP, GROUP // 8, 2, 4).permute(0, 2, 3, 4, 1, 5)
    return (split[:, :, :, 0] | split[:, :, :, 1] << 4).flatten(2)


def _columns(matrix: torch.Tensor) -> torch.Tensor:
    """By tile: 16 outputs of one input, then of the next."""
    outputs, inputs = matrix.shape
    tiles = matrix.view(outputs // TILE, TILE, inputs).transpose(1, 2).contiguous()
    return tiles.flatten(1).view(torch.uint8)
