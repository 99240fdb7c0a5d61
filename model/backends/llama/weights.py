"""The weights of a Llama, read from where they lie: as numbers, or as the codes that a file has."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch

from ...catalogue.checkpoint import weight_files
from ...errors import BrokenCheckpoint
from .linears import Linear
from .llama_config import PROJECTIONS, LlamaConfig
from .stored_matrix import StoredMatrix, stacked
from .tensors import TensorFile, check_finite

_EMBEDDING = "model.embed_tokens.weight"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerWeights:
    """Of one decoder layer. `qkv` and `gate_up` are several projections in one matrix, one below the other."""

    attention_norm: torch.Tensor
    qkv: Linear
    output: Linear
    mlp_norm: torch.Tensor
    gate_up: Linear
    down: Linear


@dataclass(frozen=True, slots=True, kw_only=True)
class LlamaWeights:
    embedding: torch.Tensor
    layers: tuple[LayerWeights, ...]
    norm: torch.Tensor
    head: Linear


class TensorSource(Protocol):
    """The tensors of a model by transformers' names for them, read when they are asked for. A context manager."""

    def __enter__(self) -> TensorSource: ...

    def __exit__(self, *_: object) -> None: ...

    def __contains__(self, name: str) -> bool: ...

    def get(self, name: str) -> torch.Tensor:
        """A tensor in floating point, on the device. Raises `BrokenCheckpoint`."""
        ...

    def stored(self, name: str) -> StoredMatrix | None:
        """The same matrix as the codes that the file has, in the host's memory; None where it has none. Raises
        `BrokenCheckpoint`."""
        ...

    def check_unchanged(self) -> None:
        """Raises `BrokenCheckpoint` where a file was written to while it was read."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixReader:
    """A matrix that is yet to be read, shape (outputs, inputs), which may be several one below the other: in floating
    point, or as codes, where all have some that can stand so; see `TensorSource`."""

    dense: Callable[[], torch.Tensor]
    stored: Callable[[], StoredMatrix | None]


MakeLinear = Callable[[str, MatrixReader], Linear]
"""From a matrix's name, and what reads it, to its linear layer."""


class CheckpointTensors:
    """The tensors of safetensors files; see `TensorSource`."""

    def __init__(self, path: Path, *, device: str, dtype: torch.dtype | None) -> None:
        """`dtype`: what they are converted to; None leaves them as they are."""
        self._device = device
        self._dtype = dtype
        self._stack = ExitStack()
        self._files: dict[str, TensorFile] = {}
        try:
            for file_path in weight_files(path):
                file = self._stack.enter_context(TensorFile(file_path))
                self._files.update(dict.fromkeys(file.header.tensors, file))
        except BaseException:
            self._stack.close()
            raise
        self._path = path

    def __enter__(self) -> CheckpointTensors:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def get(self, name: str) -> torch.Tensor:
        tensor = self.as_stored(name).to(self._device, self._dtype)
        check_finite(tensor, name, self._path)
        return tensor

    def stored(self, name: str) -> StoredMatrix | None:
        return None

    def as_stored(self, name: str) -> torch.Tensor:
        """One tensor as its file has it, in the host's memory. Raises `BrokenCheckpoint`."""
        if name not in self._files:
            raise BrokenCheckpoint(f"The weights in {self._path} lack {name}.", "Download the model again.")
        return self._files[name].get(name)

    def check_unchanged(self) -> None:
        for file in set(self._files.values()):
            file.check_unchanged()


def read_weights(tensors: TensorSource, config: LlamaConfig, make: MakeLinear) -> LlamaWeights:
    """All weights of a checkpoint; one matrix at a time is in memory twice."""
    embedding = tensors.get(_EMBEDDING)
    layers = tuple(_layer(tensors, f"model.layers.{number}.", make) for number in range(config.layers))
    tied = config.tied or "lm_head.weight" not in tensors
    if tied:
        reader = MatrixReader(dense=lambda: embedding, stored=lambda: tensors.stored(_EMBEDDING))
    else:
        reader = reader_of(tensors, "lm_head.weight")
    head = make("lm_head", reader)
    return LlamaWeights(embedding=embedding, layers=layers, norm=tensors.get("model.norm.weight"), head=head)


def _layer(tensors: TensorSource, prefix: str, make: MakeLinear) -> LayerWeights:
    def linear(name: str) -> Linear:
        return make(prefix + name, reader_of(tensors, *(f"{prefix}{part}.weight" for part in PROJECTIONS[name])))

    return LayerWeights(
        attention_norm=tensors.get(f"{prefix}input_layernorm.weight"),
        qkv=linear("qkv"),
        output=linear("output"),
        mlp_norm=tensors.get(f"{prefix}post_attention_layernorm.weight"),
        gate_up=linear("gate_up"),
        down=linear("down"),
    )


def reader_of(tensors: TensorSource, *names: str) -> MatrixReader:
    """Of the matrices of these names, one below the other."""

    def dense() -> torch.Tensor:
        parts = [tensors.get(name) for name in names]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def stored() -> StoredMatrix | None:
        parts: list[StoredMatrix] = []
        for name in names:
            part = tensors.stored(name)
            if part is None:
                return None
            parts.append(part)
        return parts[0] if len(parts) == 1 else stacked(parts)

    return MatrixReader(dense=dense, stored=stored)
