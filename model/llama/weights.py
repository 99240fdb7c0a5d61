"""The weights of a Llama from its safetensors files, straight to where they belong."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from ..errors import BrokenCheckpoint
from .linears import Linear
from .shape import Shape

Read = Callable[[], torch.Tensor]
MakeLinear = Callable[[str, Read], Linear]
"""From a matrix's name, and what reads it, shape (outputs, inputs), to what multiplies by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One decoder layer. `qkv` and `gate_up` are the matrices of their names, one below the other."""

    attention_norm: torch.Tensor
    qkv: Linear
    output: Linear
    mlp_norm: torch.Tensor
    gate_up: Linear
    down: Linear


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    embedding: torch.Tensor
    layers: tuple[Layer, ...]
    norm: torch.Tensor
    head: Linear


class Tensors:
    """The tensors of a checkpoint by name, read when they are asked for. Use it as a context manager."""

    def __init__(self, folder: Path, *, device: str, dtype: torch.dtype | None) -> None:
        """`dtype`: what they are converted to; None leaves them as they are."""
        self._device = device
        self._dtype = dtype
        self._stack = ExitStack()
        self._files: dict[str, Any] = {}
        for path in _files(folder):
            file: Any = self._stack.enter_context(safe_open(path, framework="pt", device="cpu"))
            self._files.update(dict.fromkeys(file.keys(), file))
        self._folder = folder

    def __enter__(self) -> Tensors:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def get(self, *names: str) -> torch.Tensor:
        """The tensors of these names, one below the other, on the device. Raises `BrokenCheckpoint`."""
        parts = [self._one(name) for name in names]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _one(self, name: str) -> torch.Tensor:
        if name not in self._files:
            raise BrokenCheckpoint(f"The weights in {self._folder} lack {name}.", "Download the model again.")
        return self._files[name].get_tensor(name).to(self._device, self._dtype)


def _files(folder: Path) -> list[Path]:
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return [folder / "model.safetensors"]
    return [folder / name for name in sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))]


def read_weights(tensors: Tensors, shape: Shape, make: MakeLinear) -> Weights:
    """All weights of a checkpoint; one matrix at a time is in memory twice."""
    embedding = tensors.get("model.embed_tokens.weight")
    layers = tuple(_layer(tensors, f"model.layers.{number}.", make) for number in range(shape.layers))
    tied = shape.tied or "lm_head.weight" not in tensors
    head = make("lm_head", lambda: embedding if tied else tensors.get("lm_head.weight"))
    return Weights(embedding=embedding, layers=layers, norm=tensors.get("model.norm.weight"), head=head)


def _layer(tensors: Tensors, prefix: str, make: MakeLinear) -> Layer:
    def linear(name: str, *parts: str) -> Linear:
        return make(prefix + name, lambda: tensors.get(*(f"{prefix}{part}_proj.weight" for part in parts)))

    return Layer(
        attention_norm=tensors.get(f"{prefix}input_layernorm.weight"),
        qkv=linear("qkv", "self_attn.q", "self_attn.k", "self_attn.v"),
        output=linear("output", "self_attn.o"),
        mlp_norm=tensors.get(f"{prefix}post_attention_layernorm.weight"),
        gate_up=linear("gate_up", "mlp.gate", "mlp.up"),
        down=linear("down", "mlp.down"),
    )
