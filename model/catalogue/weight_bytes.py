"""How many bytes a model's weights take in each format, from its sizes. Data: gguf.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import tomli

_BLOCK = 256
_BITS_OF_INT4_GROUPS = 4 + (16 + 4) / 128
"""GPTQ and AWQ: four bits, and for each 128 of them a scale of 16 bits and a zero point of four."""
_BITS_OF_NF4 = 4.5


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufType:
    """`otherwise`: the type in its place in a matrix whose rows no block of 256 divides."""

    bits: float
    otherwise: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """Which matrix gets which type; gguf.toml says how."""

    type: str
    better: Mapping[str, str]
    more: Mapping[str, str]
    first: Mapping[str, tuple[str, int]]

    def type_of(self, matrix: str, layer: int, layers: int) -> str:
        if matrix in self.first:
            type, count = self.first[matrix]
            if layer < count:
                return type
        if matrix in self.more and _gets_more(layer, layers):
            return self.more[matrix]
        return self.better.get(matrix, self.type)


@dataclass(frozen=True, slots=True, kw_only=True)
class LlamaShape:
    """The sizes of a Llama, as catalogue.toml has them."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    intermediate: int
    vocabulary: int

    def matrices(self) -> dict[str, tuple[int, int]]:
        """The (outputs, inputs) of the matrices in one layer."""
        kv = self.kv_heads * self.hidden // self.heads
        return {
            "query": (self.hidden, self.hidden),
            "key": (kv, self.hidden),
            "value": (kv, self.hidden),
            "out": (self.hidden, self.hidden),
            "gate": (self.intermediate, self.hidden),
            "up": (self.intermediate, self.hidden),
            "down": (self.hidden, self.intermediate),
        }

    @property
    def linear_weights(self) -> int:
        """Of all layers' matrices."""
        return self.layers * sum(outputs * inputs for outputs, inputs in self.matrices().values())

    @property
    def norm_weights(self) -> int:
        return (2 * self.layers + 1) * self.hidden

    @property
    def other_weights(self) -> int:
        """Of what no 4-bit format but GGUF touches: embeddings, head, norms."""
        return 2 * self.vocabulary * self.hidden + self.norm_weights

    @property
    def parameters(self) -> int:
        return self.linear_weights + self.other_weights

    @property
    def kv_bytes_per_token(self) -> int:
        return 2 * 2 * self.layers * self.kv_heads * self.hidden // self.heads


@cache
def mixes() -> Mapping[str, Mix]:
    """Every quantization of GGUF files by its name, the best first."""
    found: dict[str, Mix] = {}
    for name, row in _data()["quantizations"].items():
        first = {matrix: (type, count) for matrix, (type, count) in row.get("first", {}).items()}
        found[name] = Mix(type=row["type"], better=row.get("better", {}), more=row.get("more", {}), first=first)
    return found


@cache
def types() -> Mapping[str, GgufType]:
    return {name: GgufType(**row) for name, row in _data()["types"].items()}


def gguf_quantization(name: str) -> str | None:
    """The quantization of GGUF files that `name` means, in any case, or in MAX's words; None where it is none."""
    meant = _data()["encodings"].get(name.lower(), name.upper())
    return meant if meant in mixes() else None


def gguf_bytes(shape: LlamaShape, quantization: str) -> int:
    """Of the tensors in a file; its vocabulary adds a megabyte or two."""
    mix = mixes()[quantization]
    head = "Q6_K" if types()[mix.type].bits < types()["Q6_K"].bits else mix.type
    bits = shape.norm_weights * 32.0
    bits += _bits((shape.vocabulary, shape.hidden), mix.type) + _bits((shape.vocabulary, shape.hidden), head)
    for layer in range(shape.layers):
        for name, size in shape.matrices().items():
            bits += _bits(size, mix.type_of(name, layer, shape.layers))
    return round(bits / 8)


def int4_group_bytes(shape: LlamaShape) -> int:
    """Of GPTQ's and AWQ's files with groups of 128; GPTQ's group numbers add a few megabytes."""
    return round(shape.linear_weights * _BITS_OF_INT4_GROUPS / 8) + 2 * shape.other_weights


def safetensors_bytes(shape: LlamaShape) -> dict[str, int]:
    """In 16 bits as published, and as bitsandbytes quantizes it, which leaves embeddings and head in 16 bits."""
    linear, others = shape.linear_weights, 2 * shape.other_weights
    return {"none": 2 * linear + others, "int8": linear + others, "nf4": round(linear * _BITS_OF_NF4 / 8) + others}


def _bits(size: tuple[int, int], name: str) -> float:
    outputs, inputs = size
    type = types()[name]
    if inputs % _BLOCK and type.otherwise is not None:
        type = types()[type.otherwise]
    return outputs * inputs * type.bits


def _gets_more(layer: int, layers: int) -> bool:
    """Where llama.cpp's mixes spend more bits: in the first and last eighth, and in every third layer between."""
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2


@cache
def _data() -> Mapping[str, Mapping[str, Any]]:
    return tomli.loads(Path(__file__).with_name("gguf.toml").read_text("utf-8"))
