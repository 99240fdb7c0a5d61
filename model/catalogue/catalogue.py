"""The models that Seekline knows by name. Data: catalogue.toml."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import tomli

from .published import PublishedWeights, published_weights
from .weight_bytes import LlamaShape, safetensors_bytes

EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    title: str
    url: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One model; catalogue.toml says what the numbers count. The embedded one has no repository, and no weights that
    are published."""

    name: str
    repository: str | None
    revision: str
    series: str
    size: str
    family: str
    licence: Licence
    own_code: bool
    architecture: str
    parameters: int
    active_parameters: int
    context_tokens: int
    kv_bytes_per_token: int
    weight_bytes: Mapping[str, int]
    weights: tuple[PublishedWeights, ...]
    llama: Mapping[str, int] | None
    best_prompt_tokens: int | None

    @property
    def fills_in(self) -> bool:
        """Whether it was trained to fill in the middle; the others only continue the prefix."""
        return self.family != "plain"


@cache
def all_entries() -> Mapping[str, Entry]:
    """Every entry by its name, the best for completion first."""
    data = tomli.loads(Path(__file__).with_name("catalogue.toml").read_text("utf-8"))
    licences = {name: Licence(**row) for name, row in data["licences"].items()}
    found: dict[str, Entry] = {}
    for name, row in data["models"].items():
        licence = licences[row.get("licence", "deepseek")]
        found[name] = _entry(name, row, data["shapes"][row["shape"]], licence, data["gguf_quantizations"])
    return found


def _entry(name: str, row: Mapping[str, Any], sizes: Mapping[str, Any], licence: Licence, usual: list[str]) -> Entry:
    shape = LlamaShape(**sizes["llama"]) if "llama" in sizes else None
    weight_bytes: Mapping[str, int] = sizes["bytes"] if shape is None else safetensors_bytes(shape)
    repository: str | None = row.get("repository")
    weights: tuple[PublishedWeights, ...] = ()
    if repository is not None:
        pickled = row.get("pickled", False)
        own = PublishedWeights(format="safetensors", repository=repository, sizes=weight_bytes, pickled=pickled)
        weights = published_weights(row, own, shape, sizes.get("gguf_bytes", {}), usual)
    parameters = sizes["parameters"] if shape is None else shape.parameters
    return Entry(
        name=name,
        repository=repository,
        revision=row.get("revision", "main"),
        series=row["series"],
        size=sizes["size"],
        family=row["family"],
        licence=licence,
        own_code=row.get("own_code", False),
        architecture=sizes.get("architecture", "llama"),
        parameters=parameters,
        active_parameters=sizes.get("active_parameters", parameters),
        context_tokens=sizes["context_tokens"],
        kv_bytes_per_token=sizes["kv_bytes"] if shape is None else shape.kv_bytes_per_token,
        weight_bytes=weight_bytes,
        weights=weights,
        llama=sizes.get("llama"),
        best_prompt_tokens=row.get("best_prompt_tokens"),
    )


def entry_of_repository(repository: str) -> Entry | None:
    """The entry for a repository of a model's makers; the hub compares names without regard to case."""
    wanted = repository.lower()
    return next((e for e in all_entries().values() if (e.repository or "").lower() == wanted), None)


def published_in(repository: str) -> tuple[Entry, PublishedWeights] | None:
    """The entry that a hub repository has, the makers' own or another, and in which format."""
    wanted = repository.lower()
    for entry in all_entries().values():
        for weights in entry.weights:
            if weights.repository.lower() == wanted:
                return entry, weights
    return None


def entry_of_series(series: str, size: str | None) -> Entry | None:
    """The entry of a series, as Xinference names it, with so many billions of parameters; without a size, the best."""
    for entry in all_entries().values():
        if entry.series == series and (size is None or _number(entry.size) == _number(size)):
            return entry
    return None


def sizes_of_series(series: str) -> list[str]:
    return [entry.size for entry in all_entries().values() if entry.series == series]


def _number(size: str) -> str:
    """A size as the catalogue writes it: Xinference writes 6_7 for 6.7."""
    return size.lower().removesuffix("b").replace("_", ".").removesuffix(".0")


def nearest_names(name: str) -> list[str]:
    """Catalogue names that someone who wrote `name` may have meant, the likeliest first."""
    return difflib.get_close_matches(name.lower(), [*all_entries(), "auto"], n=3, cutoff=0.5)
