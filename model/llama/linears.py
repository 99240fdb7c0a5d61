"""What multiplies by a matrix: the same product in several number formats, each fast for other numbers of rows."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from typing import Protocol

import torch
from torch.nn import functional

_SMALLEST = 1e-20
# Seven bits: with eight, two products of codes could exceed the 16 bits that AVX2 adds them in.
_LARGEST_CODE, _ZERO_CODE = 63, 64


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


class Int8Rows:
    """Eight bits a weight, and each row in seven bits by a scale of its own: integer arithmetic, which a CPU without
    bfloat16 does several times as fast. A row's product does not depend on the rows beside it."""

    def __init__(self, weight: torch.Tensor, scales: torch.Tensor) -> None:
        """`weight`: int8, shape (outputs, inputs). `scales`: shape (outputs,). It is packed, and not kept."""
        zeros = torch.zeros(len(weight), dtype=torch.int64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch means to drop these tensors one day: see `has_int8_rows`
            quantized = torch.ops.aten._make_per_channel_quantized_tensor(weight, scales.double(), zeros, 0)
            self._packed = torch.ops.quantized.linear_prepack(quantized, None)

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        wide = rows.float()
        largest = wide.abs().amax(-1, keepdim=True).clamp_(min=_SMALLEST)
        product = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
            wide / largest, 1 / _LARGEST_CODE, _ZERO_CODE, self._packed
        )
        return product.mul_(largest).to(rows.dtype)


@cache
def has_int8_rows() -> bool:
    """Whether this build of torch, on this processor, has the integer product."""
    try:
        Int8Rows(torch.ones(16, 64, dtype=torch.int8), torch.ones(16))(torch.ones(2, 64))
    except (RuntimeError, AttributeError, NotImplementedError):
        return False
    return True


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
