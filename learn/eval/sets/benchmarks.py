"""What is known of each set that is read. Data: benchmarks.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tomli


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A set; benchmarks.toml says what each value means."""

    name: str
    title: str
    has_holes: bool
    max_new_tokens: int
    stops: tuple[str, ...]
    convention: str


@cache
def all_benchmarks() -> Mapping[str, Benchmark]:
    """Every set by its name."""
    table = tomli.loads(Path(__file__).with_name("benchmarks.toml").read_text("utf-8"))
    return {name: Benchmark(name=name, **{**row, "stops": tuple(row["stops"])}) for name, row in table.items()}
