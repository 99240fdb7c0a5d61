"""A matrix as the file that it comes from quantizes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMatrix:
    """A weight is `code * scale + zero`, with the scale and the zero of its group of inputs.

    `codes`: uint8, shape (outputs, inputs). `scales`, `zeros`: float32, shape (outputs, groups). `order`: where column
    `i` of the codes multiplies input `order[i]` (GPTQ's activation order), int64, shape (inputs,); None: as they stand.
    """

    codes: torch.Tensor
    scales: torch.Tensor
    zeros: torch.Tensor
    order: torch.Tensor | None = None

    @property
    def bits(self) -> int:
        """As many as its codes need."""
        return int(self.codes.max()).bit_length()

    @property
    def group(self) -> int:
        """Inputs that share a scale."""
        return self.codes.shape[1] // self.scales.shape[1]

    def dense(self) -> torch.Tensor:
        """The weights, float32, shape (outputs, inputs), by the order of the inputs."""
        groups = self.codes.unflatten(1, (-1, self.group)).float()
        weights = (groups * self.scales[..., None] + self.zeros[..., None]).flatten(1)
        if self.order is None:
            return weights
        ordered = torch.empty_like(weights)
        ordered[:, self.order] = weights
        return ordered


def stacked(parts: Sequence[StoredMatrix]) -> StoredMatrix | None:
    """Matrices one below the other; None where their groups or orders differ."""
    first = parts[0]
    for part in parts[1:]:
        if part.group != first.group or not _is_same(part.order, first.order):
            return None
    return StoredMatrix(
        codes=torch.cat([part.codes for part in parts]),
        scales=torch.cat([part.scales for part in parts]),
        zeros=torch.cat([part.zeros for part in parts]),
        order=first.order,
    )


def _is_same(one: torch.Tensor | None, other: torch.Tensor | None) -> bool:
    if one is None or other is None:
        return one is other
    return torch.equal(one, other)
