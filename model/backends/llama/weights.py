"""The weights of a Llama, read from its safetensors files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch

from ...catalogue.checkpoint import weight_files
from ...errors import BrokenCheckpoint
from .linears import Linear
from .llama_config import LlamaConfig
from .tensors import TensorFile

ReadTensor = Callable[[], torch.Tensor]
MakeLinear = Callable[[str, ReadTensor], Linear]
"""From a matrix's name, and a function that reads it, shape (outputs, inputs), to its linear layer."""


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


class CheckpointTensors:
    """The tensors of a checkpoint by name, read when they are asked for. Use it as a context manager."""

    def __init__(self, folder: Path, *, device: str, dtype: torch.dtype | None) -> None:
        """`dtype`: what they are converted to; None leaves them as they are."""
        self._device = device
        self._dtype = dtype
        self._stack = ExitStack()
        self._files: dict[str, TensorFile] = {}
        try:
            for path in weight_files(folder):
                file = self._stack.enter_context(TensorFile(path))
                self._files.update(dict.fromkeys(file.header.tensors, file))
        except BaseException:
            self._stack.close()
            raise
        self._folder = folder

    def __enter__(self) -> CheckpointTensors:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def get(self, *names: str) -> torch.Tensor:
        """The tensors of these names, one below the other, on the device. Raises `BrokenCheckpoint`."""
        parts = [self._read(name) for name in names]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def check_unchanged(self) -> None:
        """Raises `BrokenCheckpoint` where a file was written to while it was read."""
        for file in set(self._files.values()):
            file.check_unchanged()

    def _read(self, name: str) -> torch.Tensor:
        if name not in self._files:
            raise BrokenCheckpoint(f"The weights in {self._folder} lack {name}.", "Download the model again.")
        tensor = self._files[name].get(name).to(self._device, self._dtype)
        # Both the least and the greatest are NaN where any weight is.
        if tensor.numel() and not torch.stack(torch.aminmax(tensor)).isfinite().all():
            raise BrokenCheckpoint(
                f"{name} in {self._folder} has weights that are no finite numbers in {tensor.dtype}.",
                "Download the model again, or set dtype = bfloat16 or float32.",
            )
        return tensor


def read_weights(tensors: CheckpointTensors, config: LlamaConfig, make: MakeLinear) -> LlamaWeights:
    """All weights of a checkpoint; one matrix at a time is in memory twice."""
    embedding = tensors.get("model.embed_tokens.weight")
    layers = tuple(_layer(tensors, f"model.layers.{number}.", make) for number in range(config.layers))
    tied = config.tied or "lm_head.weight" not in tensors
    head = make("lm_head", lambda: embedding if tied else tensors.get("lm_head.weight"))
    return LlamaWeights(embedding=embedding, layers=layers, norm=tensors.get("model.norm.weight"), head=head)


def _layer(tensors: CheckpointTensors, prefix: str, make: MakeLinear) -> LayerWeights:
    def linear(name: str, *parts: str) -> Linear:
        names = [f"{prefix}{part}_proj.weight" for part in parts]
        return make(prefix + name, lambda: tensors.get(*names))

    return LayerWeights(
        attention_norm=tensors.get(f"{prefix}input_layernorm.weight"),
        qkv=linear("qkv", "self_attn.q", "self_attn.k", "self_attn.v"),
        output=linear("output", "self_attn.o"),
        mlp_norm=tensors.get(f"{prefix}post_attention_layernorm.weight"),
        gate_up=linear("gate_up", "mlp.gate", "mlp.up"),
        down=linear("down", "mlp.down"),
    )
