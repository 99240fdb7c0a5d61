"""What multiplies by a matrix: the same product in several number formats, each fast for other numbers of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch.nn import functional


class Linear(Protocol):
    """A product with a matrix: from shape (rows, inputs) to (rows, outputs), in the format of the rows."""

    def __call__(self, rows: torch.Tensor) -> torch.Tensor: ...


class Dense:
    """The matrix as it is, shape (outputs, inputs)."""

    def __init__(self, weight: torch.Tensor) -> None:
        self.weight = weight.contiguous()

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        return functional.linear(rows, self.weight)


class Vector(Dense):
    """The same, but one row goes round oneDNN and MKL, whose products of one row may take longer than torch's own."""

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.mv(self.weight, rows[0])[None] if rows.shape[0] == 1 else functional.linear(rows, self.weight)


class Int8:
    """Eight bits a weight, one scale per output; the rows are multiplied as bfloat16."""

    def __init__(self, weight: torch.Tensor, scales: torch.Tensor) -> None:
        """`weight`: int8, shape (outputs, inputs). `scales`: bfloat16, shape (outputs,)."""
        self.weight = weight
        self.scales = scales

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.ops.aten._weight_int8pack_mm(rows.bfloat16(), self.weight, self.scales).to(rows.dtype)


class Int4:
    """Four bits a weight, a scale and a zero point per group of a row; the rows are multiplied as bfloat16."""

    def __init__(self, packed: torch.Tensor, scales_and_zeros: torch.Tensor, group: int) -> None:
        """`packed`: as torch packs it for this device. `scales_and_zeros`: bfloat16, shape (groups, outputs, 2)."""
        self.packed = packed
        self.scales_and_zeros = scales_and_zeros
        self.group = group
        cuda = packed.device.type == "cuda"
        self._multiply = torch.ops.aten._weight_int4pack_mm if cuda else torch.ops.aten._weight_int4pack_mm_for_cpu

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        return self._multiply(rows.bfloat16(), self.packed, self.group, self.scales_and_zeros).to(rows.dtype)


class Stacked:
    """Matrices one below the other that cannot be one: each is quantized by a library, in its own module."""

    def __init__(self, parts: Sequence[Linear]) -> None:
        self.parts = parts

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.cat([part(rows) for part in self.parts], -1)
