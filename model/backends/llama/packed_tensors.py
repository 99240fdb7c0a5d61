"""The weights of a checkpoint that GPTQ or AWQ has quantized: each matrix unpacked when it is asked for."""

from __future__ import annotations

from pathlib import Path

import torch

from ...catalogue.packing import Packing
from ...errors import BrokenCheckpoint
from .packed_codes import PackedCodes, unpack
from .stored_matrix import StoredMatrix
from .weights import CheckpointTensors

_AGAIN = "Download the model again."


class PackedTensors:
    """See `TensorSource`. What is not packed is read as `CheckpointTensors` reads it."""

    def __init__(self, path: Path, packing: Packing, *, device: str, dtype: torch.dtype | None) -> None:
        """`dtype`: what is read in floating point is converted to it; None: float32 where it was packed, else as it
        is."""
        self._path = path
        self._packing = packing
        self._device = device
        self._dtype = dtype
        self._tensors = CheckpointTensors(path, device=device, dtype=dtype)

    def __enter__(self) -> PackedTensors:
        return self

    def __exit__(self, *_: object) -> None:
        self._tensors.__exit__()

    def __contains__(self, name: str) -> bool:
        return name in self._tensors or self._is_packed(name)

    def get(self, name: str) -> torch.Tensor:
        if not self._is_packed(name):
            return self._tensors.get(name)
        return self._unpacked(name).dense().to(self._device, self._dtype)

    def stored(self, name: str) -> StoredMatrix | None:
        return self._unpacked(name).stored() if self._is_packed(name) else None

    def check_unchanged(self) -> None:
        self._tensors.check_unchanged()

    def _is_packed(self, name: str) -> bool:
        return f"{_stem(name)}qweight" in self._tensors

    def _unpacked(self, name: str) -> PackedCodes:
        """Raises `BrokenCheckpoint` for numbers that no quantization gives."""
        stem = _stem(name)
        parts: dict[str, torch.Tensor] = {}
        for part in ("qweight", "qzeros", "scales", "g_idx", "bias"):
            if stem + part in self._tensors:
                parts[part] = self._tensors.as_stored(stem + part)
        self._check(stem, parts)
        packed = unpack(parts, self._packing)
        middle = 1 << self._packing.bits - 1
        if self._packing.is_symmetric and not (packed.zeros == middle).all():
            raise self._wrong(f"{stem}qzeros", "has zero points beside the middle, although it is announced symmetric")
        return packed

    def _check(self, stem: str, parts: dict[str, torch.Tensor]) -> None:
        scales = parts["scales"]
        if not scales.isfinite().all():
            raise self._wrong(f"{stem}scales", "has scales that are no finite numbers")
        group_of = parts.get("g_idx")
        if group_of is not None and not ((group_of >= 0) & (group_of < len(scales))).all():
            raise self._wrong(f"{stem}g_idx", f"names groups that are none of the {len(scales)} that there are")
        bias = parts.get("bias")
        if bias is not None and bias.count_nonzero():
            raise self._wrong(f"{stem}bias", "is not zero, and a Llama adds no bias")

    def _wrong(self, name: str, what: str) -> BrokenCheckpoint:
        return BrokenCheckpoint(f"{name} in {self._path} {what}.", _AGAIN)


def _stem(name: str) -> str:
    return name.removesuffix("weight")
