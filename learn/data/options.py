"""What shapes the samples: kept in the output folder, so that a run never goes on with other options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..recipe import Mix

Form = Literal["samples", "instructions"]
Licences = Literal["any", "permissive"]

# What the product asks of a model: mostly the rest of a line, often with some more.
MIX = Mix(
    middle_line=0.45,
    middle_lines=0.2,
    middle_statement=0.15,
    middle_span=0.05,
    middle_reaching=0.15,
    anywhere_share=0.3,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOptions:
    """`repositories`: their names, in the order in which near-duplicates are looked for. `model` and `prompts`: whose
    prompts, and how long they are. `samples`: of one file at the most. `limit`: of one repository at the most.
    `against`: the name and digest of each evaluation set. `tests`: whether tests are learned from, too."""

    repositories: tuple[str, ...]
    model: str
    prompts: str
    form: Form = "samples"
    fim_rate: float = 0.5
    seed: int = 0
    samples: int = 8
    limit: int = 50_000
    licence: Licences = "any"
    tests: bool = True
    against: tuple[str, ...] = ()
