"""Opens the weights of a Llama, whatever the format that they lie in."""

from __future__ import annotations

from pathlib import Path

import torch

from ...catalogue.checkpoint import gguf_file
from ...catalogue.packing import Packing
from .gguf_tensors import GgufTensors
from .llama_config import LlamaConfig
from .packed_tensors import PackedTensors
from .weights import CheckpointTensors, TensorSource


def open_tensors(
    path: Path, config: LlamaConfig, packing: Packing | None, *, device: str, dtype: torch.dtype | None
) -> TensorSource:
    """`path`: a model's folder, or its file of weights. `packing`: how its matrices are packed, if they are. `dtype`:
    what floating point is converted to; None leaves it as it is. Raises `BrokenCheckpoint`."""
    gguf = gguf_file(path)
    if gguf is not None:
        return GgufTensors(gguf, config, device=device, dtype=dtype)
    if packing is not None:
        return PackedTensors(path, packing, device=device, dtype=dtype)
    return CheckpointTensors(path, device=device, dtype=dtype)
