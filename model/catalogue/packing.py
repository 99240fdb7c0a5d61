"""How GPTQ and AWQ pack the matrices of a checkpoint: what its configuration says of it, and which tensors follow.

Both keep several codes in a word of 32 bits, and for each output and group of inputs a scale and a zero point: a weight
is `(code - zero) * scale` (Frantar et al. 2022, "GPTQ"; Lin et al. 2023, "AWQ"). Knows no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, Field, TypeAdapter

from ..errors import UnsupportedQuantization
from ..outside import checked

IN_CONFIG = "quantization_config"
"""The table of config.json that says how weights are quantized."""
OLDER_FILES = {"quantize_config.json": "gptq", "quant_config.json": "awq"}
"""Where the same stands in older repositories, and by which method these are quantized unless they say it."""

_BY_TRANSFORMERS = ("bitsandbytes",)
_GPTQ_BITS = (4, 8)
_GROUPS = (-1, 16, 32, 64, 128, 256, 512, 1024)
_WORD_BITS = 32
_READ = "Seekline reads GPTQ in 4 or 8 bits, AWQ in 4 bits as `gemm`, and GGUF"
_TAKE = f"Take the same model in another format: {_READ}, or take it as it was before it was quantized."


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """`group`: inputs that share a scale and a zero point; None: all of a row.

    `is_symmetric`: whether every zero point is the middle of the codes. `is_reordered`: whether the inputs of a group
    do not stand side by side (GPTQ's activation order). `zeros_less_one`: whether one less is stored than a zero point
    (GPTQ's first format).
    """

    method: Literal["gptq", "awq"]
    bits: int
    group: int | None
    is_symmetric: bool = False
    is_reordered: bool = False
    zeros_less_one: bool = False

    @property
    def codes_per_word(self) -> int:
        return _WORD_BITS // self.bits

    def groups(self, inputs: int) -> int:
        """In how many groups so many inputs are."""
        return 1 if self.group is None else -(-inputs // self.group)

    def fits(self, outputs: int, inputs: int) -> bool:
        """Whether a matrix of this shape can be packed."""
        words = self.codes_per_word
        if self.method == "awq" and self.group is not None and inputs % self.group:
            return False
        return outputs % words == 0 and (self.method == "awq" or inputs % words == 0)

    def shapes(self, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
        """The tensors that stand for a matrix, by the last part of their names; `g_idx` and `bias` may be missing."""
        words, groups = self.codes_per_word, self.groups(inputs)
        shapes: dict[str, tuple[int, ...]] = {
            "qweight": (inputs, outputs // words) if self.method == "awq" else (inputs // words, outputs),
            "qzeros": (groups, outputs // words),
            "scales": (groups, outputs),
            "bias": (outputs,),
        }
        if self.method == "gptq":
            shapes["g_idx"] = (inputs,)
        return shapes


class _Settings(BaseModel):
    """By the names of transformers, and by those of the tools that wrote the files."""

    quant_method: Annotated[str, Field(max_length=100)] = Field(
        "", validation_alias=AliasChoices("quant_method", "method")
    )
    bits: Annotated[int, Field(strict=True)] = Field(4, validation_alias=AliasChoices("bits", "w_bit"))
    group_size: Annotated[int, Field(strict=True)] = Field(
        128, validation_alias=AliasChoices("group_size", "q_group_size")
    )
    layout: Annotated[str, Field(max_length=100)] | None = Field(
        None, validation_alias=AliasChoices("checkpoint_format", "format")
    )
    version: Annotated[str, Field(max_length=100)] | None = None
    desc_act: bool = False
    sym: bool = False
    is_marlin_format: bool = False
    dynamic: dict[str, Any] | None = None
    pack_dtype: str = "int32"


def parse_packing(table: Mapping[str, Any], *, name: str, method: str = "") -> Packing | None:
    """How weights are packed, by the table that says it; None where transformers reads it.

    `method`: by which they are quantized where the table does not say it. `name`: of its file. Raises `UnreadableFile`,
    and `UnsupportedQuantization` for what nothing here reads.
    """
    settings = checked(table, TypeAdapter(_Settings), name=name)
    method = (settings.quant_method or method).lower()
    if method in _BY_TRANSFORMERS:
        return None
    if method == "gptq":
        return _gptq(settings, name)
    if method == "awq":
        return _awq(settings, name)
    raise UnsupportedQuantization(f"{name} says that the weights are quantized by {method!r}.", _TAKE)


def _gptq(settings: _Settings, name: str) -> Packing:
    layout = "marlin" if settings.is_marlin_format else (settings.layout or "gptq").lower()
    if layout not in ("gptq", "gptq_v2"):
        raise _unsupported(name, f"lie in the layout {layout!r} of GPTQ")
    if settings.bits not in _GPTQ_BITS:
        raise _unsupported(name, f"have {settings.bits} bits each, by GPTQ")
    _check_what_both_share(settings, name)
    return Packing(
        method="gptq",
        bits=settings.bits,
        group=_group(settings),
        is_symmetric=settings.sym,
        is_reordered=settings.desc_act,
        zeros_less_one=layout == "gptq",
    )


def _awq(settings: _Settings, name: str) -> Packing:
    layout = (settings.version or settings.layout or "gemm").lower()
    if layout != "gemm":
        raise _unsupported(name, f"lie in the layout {layout!r} of AWQ")
    if settings.bits != 4:
        raise _unsupported(name, f"have {settings.bits} bits each, by AWQ")
    _check_what_both_share(settings, name)
    return Packing(method="awq", bits=4, group=_group(settings))


def _check_what_both_share(settings: _Settings, name: str) -> None:
    if settings.group_size not in _GROUPS:
        raise _unsupported(name, f"have a scale for each {settings.group_size} inputs")
    if settings.pack_dtype != "int32":
        raise _unsupported(name, f"are packed as {settings.pack_dtype[:40]!r}, not as int32")
    if any((settings.dynamic or {}).values()):
        raise _unsupported(name, "are quantized otherwise from layer to layer ('dynamic')")


def _group(settings: _Settings) -> int | None:
    return None if settings.group_size == -1 else settings.group_size


def _unsupported(name: str, what: str) -> UnsupportedQuantization:
    return UnsupportedQuantization(f"{name} says that the weights {what}.", _TAKE)
