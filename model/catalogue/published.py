"""In which formats, and where, a model of the catalogue is published. Data: catalogue.toml, gguf.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .weight_bytes import LlamaShape, gguf_bytes, int4_group_bytes, mixes

WeightsFormat = Literal["safetensors", "gguf", "gptq", "awq"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedWeights:
    """A repository that has a model in one format.

    `template`: the path of a file in it, where each quantization is a file of its own. `sizes`: bytes by quantization,
    the largest first: of a GGUF, GPTQ or AWQ file, else what the weights take in memory. `pickled`: whether the
    repository was last seen without a format that is safe to read.
    """

    format: WeightsFormat
    repository: str
    template: str | None = None
    sizes: Mapping[str, int]
    pickled: bool = False

    def file(self, quantization: str) -> str | None:
        """The path of the file that has `quantization`; None where all files belong together."""
        if self.template is None:
            return None
        return self.template.replace("{quantization}", quantization).replace("{lower}", quantization.lower())


def published_weights(
    row: Mapping[str, Any], own: PublishedWeights, shape: LlamaShape | None, known: Mapping[str, int], usual: list[str]
) -> tuple[PublishedWeights, ...]:
    """All formats of a model. `row`: its entry in catalogue.toml. `own`: as its makers published it. `known`: the bytes
    of GGUF files, for other architectures than Llama. `usual`: the quantizations that a GGUF repository has where it
    does not say otherwise."""
    found = [own]
    for files in row.get("gguf", []):
        owner, name, template = files["file"].split("/", 2)
        wanted = files.get("only", usual)
        lacks = files.get("lacks", [])
        sizes: dict[str, int] = {}
        for quantization in mixes():
            if quantization in wanted and quantization not in lacks:
                sizes[quantization] = known[quantization] if shape is None else gguf_bytes(shape, quantization)
        found.append(PublishedWeights(format="gguf", repository=f"{owner}/{name}", template=template, sizes=sizes))
    formats: tuple[WeightsFormat, ...] = ("gptq", "awq")
    for format in formats:
        if format in row:
            assert shape is not None
            sizes = {"int4": int4_group_bytes(shape)}
            found.append(PublishedWeights(format=format, repository=row[format], sizes=sizes))
    return tuple(found)
