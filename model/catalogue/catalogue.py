"""The models that Seekline knows by name. Data: catalogue.toml."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tomli

EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    title: str
    url: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One model; catalogue.toml says what the numbers count. The embedded one has no repository."""

    name: str
    repository: str | None
    revision: str
    family: str
    licence: Licence
    parameters: int
    context_tokens: int
    kv_bytes_per_token: int
    weight_bytes: Mapping[str, int]
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
    return {
        name: Entry(
            name=name,
            repository=row.get("repository"),
            revision=row.get("revision", "main"),
            family=row["family"],
            licence=licences[row["licence"]],
            parameters=row["parameters"],
            context_tokens=row["context_tokens"],
            kv_bytes_per_token=row["kv_bytes"],
            weight_bytes=row["bytes"],
            llama=row.get("llama"),
            best_prompt_tokens=row.get("best_prompt_tokens"),
        )
        for name, row in data["models"].items()
    }


def entry_of_repository(repository: str) -> Entry | None:
    """The entry for a hub repository, whose names the hub compares without regard to case."""
    wanted = repository.lower()
    return next((e for e in all_entries().values() if (e.repository or "").lower() == wanted), None)


def nearest_names(name: str) -> list[str]:
    """Catalogue names that someone who wrote `name` may have meant, the likeliest first."""
    return difflib.get_close_matches(name.lower(), [*all_entries(), "auto"], n=3, cutoff=0.5)
