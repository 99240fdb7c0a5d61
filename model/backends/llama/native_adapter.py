"""The weights of an adapter as the forward pass in C reads them: packed, in the structures of forward.c."""

from __future__ import annotations

from ctypes import c_int32

import torch
from torch.nn import functional

from . import native_structures
from .adapter import AdapterWeights, LowRank, ends_of, parts_of
from .llama_config import PROJECTIONS, LlamaConfig
from .native_matrices import PackedMatrix, pack
from .native_structures import MAX_STACKED, TILE


class NativeAdapter:
    """The owner of the memory that the structures point to. `rank`: of the widest product, filled up to tiles."""

    def __init__(self, config: LlamaConfig, weights: AdapterWeights, *, exact: bool) -> None:
        """`exact`: in float32, where the weights are not quantized; else in bfloat16, which takes half the memory and
        rounds less than any quantization of what it is added to."""
        self._exact = exact
        self._matrices = list[PackedMatrix]()
        self.rank = TILE
        self.layers = (native_structures.LayerAdapter * config.layers)()
        for number, layer in enumerate(self.layers):
            for name, shape in zip(PROJECTIONS, config.linears(), strict=True):
                parts = parts_of(weights, number, name)
                if any(parts):
                    setattr(layer, name, self._struct(parts, ends_of(config, name), *shape))

    def _struct(
        self, parts: tuple[LowRank | None, ...], ends: list[int], outputs: int, inputs: int
    ) -> native_structures.LowRank:
        rank = max(len(part.down) for part in parts if part is not None)
        rank += -rank % TILE
        self.rank = max(self.rank, rank)
        up = torch.zeros(outputs, rank)
        downs = (native_structures.Matrix * MAX_STACKED)()
        start = 0
        for number, (part, end) in enumerate(zip(parts, ends, strict=True)):
            if part is not None:
                missing = rank - len(part.down)
                downs[number] = self._packed(functional.pad(part.down, (0, 0, 0, missing)), rank, inputs)
                up[start:end] = functional.pad(part.up, (0, missing))
            start = end
        tiles = [end // TILE for end in ends]
        tiles += [tiles[-1]] * (MAX_STACKED - len(tiles))
        return native_structures.LowRank(
            stacked=len(parts),
            end=(c_int32 * MAX_STACKED)(*tiles),
            down=downs,
            up=self._packed(up, outputs, rank),
        )

    def _packed(self, matrix: torch.Tensor, outputs: int, inputs: int) -> native_structures.Matrix:
        packed = pack(matrix if self._exact else matrix.bfloat16(), None)
        if (packed.outputs, packed.inputs) != (outputs, inputs):
            raise ValueError(f"a matrix of shape {packed.outputs, packed.inputs} stands for {outputs, inputs}")
        self._matrices.append(packed)
        return packed.struct()
