"""Scores that DeepSeek published of its models, beside which ours are shown. Data: published.toml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tomli

# OpenAI's lines are of the same functions: what is published of the other set is the nearest there is.
_NEAREST = {"single-line": "single-line-santacoder"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedScore:
    """One cell of a table. `measure`: the name of a figure (`sets.scores.Figures`). `value`: from 0 to 1."""

    model: str
    benchmark: str
    language: str
    measure: str
    value: float
    convention: str
    source: str


@cache
def all_published() -> tuple[PublishedScore, ...]:
    """Every score of published.toml, in its order."""
    found: list[PublishedScore] = []
    table = tomli.loads(Path(__file__).with_name("published.toml").read_text("utf-8"))
    for entry in table["scores"]:
        for row in entry["values"]:
            for language in sorted(row.keys() - {"model"}):
                score = PublishedScore(
                    model=row["model"],
                    benchmark=entry["set"],
                    language=language,
                    measure=entry["measure"],
                    value=row[language] / 100,
                    convention=entry["convention"],
                    source=entry["source"],
                )
                found.append(score)
    return tuple(found)


def published_of(benchmark: str, languages: frozenset[str]) -> tuple[PublishedScore, ...]:
    """What is published of a set in these languages, or of the set that is nearest to it."""
    name = _NEAREST.get(benchmark, benchmark)
    wanted = languages | {"mean"}
    return tuple(score for score in all_published() if score.benchmark == name and score.language in wanted)


def is_nearest_only(benchmark: str) -> bool:
    """Whether what is published is of another set than ours."""
    return benchmark in _NEAREST
