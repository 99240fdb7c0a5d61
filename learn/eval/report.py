"""What was measured: each variant's figures, whole and by group, how they differ, and where they were worst."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .bootstrap import Estimate, Ratios, differences, estimates
from .metrics import MEASURES
from .places import Place
from .run import Outcome

TITLES = {
    "exact_match": "exact match",
    "edit_similarity": "edit similarity",
    "first_token": "first token",
    "identifier_match": "identifier match",
    "identifier_f1": "identifier F1",
    "shown": "shown",
    "right_of_shown": "right of shown",
    "retained": "retained characters",
}
WORST = 20
_LINES_BEFORE = 8

Found = Mapping[str, Sequence[Outcome]]
"""By the variant's name, in the order of the places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Milliseconds where anything was generated: the median, and what 95 % do not exceed. None where nothing was."""

    median: float | None
    p95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """`measures`: by the names in `metrics.MEASURES`."""

    places: int
    measures: Mapping[str, Estimate]
    first_token_ms: Latency
    total_ms: Latency


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantReport:
    """`groups`: by "kind", "language" or "recency", and what it is. `differences`: from the first variant, at the
    places that both have; empty for itself, and where there are no such places."""

    name: str
    figures: Figures
    groups: Mapping[str, Mapping[str, Figures]]
    differences: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`is_beginning`: it is right as far as it goes, and not whole."""

    variant: str
    text: str
    is_shown: bool
    is_exact: bool
    is_beginning: bool
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A place and what was completed there. `line` and `column` from 1."""

    path: str
    language: str
    kind: str
    recency: str
    line: int
    column: int
    before: str
    expected: str
    behind: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`facts`: what was measured on which machine, in words. `notes`: what the reader should know. `cases`: all, the
    worst first."""

    facts: Mapping[str, str]
    notes: tuple[str, ...]
    variants: tuple[VariantReport, ...]
    cases: tuple[Case, ...]

    def groups(self) -> dict[str, list[str]]:
        """What there is of each: kinds, languages, recencies."""
        return {
            group: sorted({value for own in self.variants for value in own.groups[group]})
            for group in ("kind", "language", "recency")
        }

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def make_report(found: Found, facts: Mapping[str, str], notes: Sequence[str]) -> Report:
    """Variants without a place are left out."""
    measured = {name: own for name, own in found.items() if own}
    first = next(iter(measured.values()), ())
    variants = [
        VariantReport(
            name=name, figures=figures(own), groups=_groups(own), differences=_differences(own, first) if number else {}
        )
        for number, (name, own) in enumerate(measured.items())
    ]
    return Report(facts=facts, notes=tuple(notes), variants=tuple(variants), cases=tuple(_cases(measured)))


def figures(own: Sequence[Outcome]) -> Figures:
    return Figures(
        places=len(own),
        measures=dict(zip(MEASURES, estimates(_ratios(own)), strict=True)),
        first_token_ms=_latency([outcome.completed.first_token_ms for outcome in own]),
        total_ms=_latency([outcome.completed.total_ms for outcome in own]),
    )


def _ratios(own: Sequence[Outcome]) -> Ratios:
    pairs = np.array([[outcome.scores.ratio(measure) for outcome in own] for measure in MEASURES], dtype=np.float64)
    return Ratios(above=pairs[:, :, 0], below=pairs[:, :, 1])


def _latency(given: Sequence[float]) -> Latency:
    times = sorted(ms for ms in given if ms > 0)
    if not times:
        return Latency(median=None, p95=None)
    p95 = times[math.ceil(0.95 * len(times)) - 1]
    return Latency(median=round(statistics.median(times), 1), p95=round(p95, 1))


def _groups(own: Sequence[Outcome]) -> dict[str, dict[str, Figures]]:
    by: dict[str, Callable[[Place], str]] = {
        "kind": lambda place: place.kind,
        "language": lambda place: place.language,
        "recency": lambda place: place.recency,
    }
    groups: dict[str, dict[str, Figures]] = {}
    for name, value_of in by.items():
        values = sorted({value_of(outcome.place) for outcome in own})
        groups[name] = {value: figures([each for each in own if value_of(each.place) == value]) for value in values}
    return groups


def _differences(own: Sequence[Outcome], first: Sequence[Outcome]) -> dict[str, Estimate]:
    common = min(len(own), len(first))
    return dict(zip(MEASURES, differences(_ratios(own[:common]), _ratios(first[:common])), strict=True))


def _cases(found: Found) -> list[Case]:
    """The worst first: where most is wrong that would be shown, then where least is alike."""
    rows = [
        [(name, own[number]) for name, own in found.items() if number < len(own)]
        for number in range(max(map(len, found.values()), default=0))
    ]
    rows.sort(key=_goodness)
    return [_case(row) for row in rows]


def _goodness(row: Sequence[tuple[str, Outcome]]) -> tuple[float, float]:
    wrong = [outcome.scores.is_shown and not _is_right_so_far(outcome) for _, outcome in row]
    return -statistics.fmean(wrong), statistics.fmean(outcome.scores.similarity for _, outcome in row)


def _is_right_so_far(outcome: Outcome) -> bool:
    text = outcome.completed.text.rstrip()
    return outcome.scores.is_exact or (text != "" and outcome.place.answer.startswith(text))


def _case(row: Sequence[tuple[str, Outcome]]) -> Case:
    place = row[0][1].place
    before = place.text[: place.start].split("\n")[-_LINES_BEFORE:]
    return Case(
        path=place.path,
        language=place.language,
        kind=place.kind,
        recency=place.recency,
        line=place.line + 1,
        column=place.column + 1,
        before="\n".join(before),
        expected=place.answer,
        behind=place.text[place.end :].split("\n", 1)[0],
        answers=tuple(_answer(name, outcome) for name, outcome in row),
    )


def _answer(name: str, outcome: Outcome) -> Answer:
    return Answer(
        variant=name,
        text=outcome.completed.text,
        is_shown=outcome.scores.is_shown,
        is_exact=outcome.scores.is_exact,
        is_beginning=_is_right_so_far(outcome) and not outcome.scores.is_exact,
        similarity=round(outcome.scores.similarity, 4),
    )
