"""Linear layers without a bias: one product with a matrix, in each of the number formats that torch multiplies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch.nn import functional


class Linear(Protocol):
    """A product with a matrix: from shape (rows, inputs) to (rows, outputs), in the format of the rows."""

    def __call__(self, rows: torch.Tensor) -> torch.Tensor: ...


class DenseLinear:
    """The matrix as it is, shape (outputs, inputs)."""

    def __init__(self, weight: torch.Tensor) -> None:
        self.weight = weight.contiguous()

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        return functional.linear(rows, self.weight)


class MatVecLinear(DenseLinear):
    """The same, but a single row is multiplied by torch's own matrix-vector product.

    On some CPUs that is faster than oneDNN and MKL, which `functional.linear` would take.
    """

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        if rows.shape[0] == 1:
            return torch.mv(self.weight, rows[0])[None]
        return super().__call__(rows)


class Int8Linear:
    """Eight bits a weight, one scale per output; the rows are multiplied as bfloat16."""

    def __init__(self, weight: torch.Tensor, scales: torch.Tensor) -> None:
        """`weight`: int8, shape (outputs, inputs). `scales`: bfloat16, shape (outputs,)."""
        self.weight = weight
        self.scales = scales

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.ops.aten._weight_int8pack_mm(rows.bfloat16(), self.weight, self.scales).to(rows.dtype)


class Int4Linear:
    """Four bits a weight, a scale and a zero point per group of a row; the rows are multiplied as bfloat16."""

    def __init__(self, packed: torch.Tensor, scales_and_zeros: torch.Tensor, group: int) -> None:
        """`packed`: as torch packs it for this device. `scales_and_zeros`: bfloat16, shape (groups, outputs, 2)."""
        self.packed = packed
        self.scales_and_zeros = scales_and_zeros
        self.group = group
        if packed.device.type == "cuda":
            self._multiply = torch.ops.aten._weight_int4pack_mm
        else:
            self._multiply = torch.ops.aten._weight_int4pack_mm_for_cpu

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        return self._multiply(rows.bfloat16(), self.packed, self.group, self.scales_and_zeros).to(rows.dtype)


class ReorderedLinear:
    """A product whose inputs stand in another order: it multiplies input `order[i]` of a row as its own input `i`."""

    def __init__(self, linear: Linear, order: torch.Tensor) -> None:
        self.linear = linear
        self.order = order

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        return self.linear(rows[:, self.order])


class StackedLinear:
    """Several products whose outputs are put one behind the other: matrices that a library quantized one by one."""

    def __init__(self, parts: Sequence[Linear]) -> None:
        self.parts = parts

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.cat([part(rows) for part in self.parts], -1)
