"""What the rows say together, as `seekline stats` shows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

from .rows import CompletionRow, Outcome, Path, RequestRow

ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completions:
    """What became of the completions of a language and a kind. `characters`: accepted ones. `kept_30_s`, `kept_5_min`:
    the share of them that still stood then, of those that could be followed so long; None where there are none."""

    language: str
    kind: str
    shown: int
    outcomes: dict[Outcome, int]
    characters: int
    kept_30_s: float | None
    kept_5_min: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long the answers of a path that showed something took."""

    path: Path
    answers: int
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """`nothing`: answered requests where nothing was shown. `tokens_per_s`: the median; None where none were
    generated."""

    requests: int
    nothing: int
    cancelled: int
    tokens_per_s: float | None
    completions: tuple[Completions, ...]
    latencies: tuple[Latency, ...]


def summary_of(requests: Sequence[RequestRow], completions: Sequence[CompletionRow]) -> Summary:
    """The figures of some rows; the first of the completions are those of all languages and kinds together."""
    groups: dict[tuple[str, str], list[CompletionRow]] = defaultdict(list)
    for row in completions:
        groups[row.language, row.kind].append(row)
    found = [_completions(language, kind, rows) for (language, kind), rows in sorted(groups.items())]
    speeds = [row.tokens_per_s for row in requests if row.tokens_per_s is not None]
    return Summary(
        requests=len(requests),
        nothing=sum(row.answer == "nothing" for row in requests),
        cancelled=sum(row.answer == "cancelled" for row in requests),
        tokens_per_s=percentile(speeds, 50) if speeds else None,
        completions=(_completions(ALL, ALL, completions), *found),
        latencies=tuple(_latencies(requests)),
    )


def percentile(values: Iterable[float], percent: int) -> float:
    """The smallest value that is not below so many percent of them (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]


def _completions(language: str, kind: str, rows: Sequence[CompletionRow]) -> Completions:
    outcomes: tuple[Outcome, ...] = get_args(Outcome)
    return Completions(
        language=language,
        kind=kind,
        shown=len(rows),
        outcomes={outcome: sum(row.outcome == outcome for row in rows) for outcome in outcomes},
        characters=sum(row.accepted_characters for row in rows),
        kept_30_s=_kept((row.accepted_characters, row.kept_30_s) for row in rows),
        kept_5_min=_kept((row.accepted_characters, row.kept_5_min) for row in rows),
    )


def _kept(pairs: Iterable[tuple[int, int | None]]) -> float | None:
    accepted = kept = 0
    for characters, still in pairs:
        if still is not None:
            accepted += characters
            kept += still
    return kept / accepted if accepted else None


def _latencies(requests: Sequence[RequestRow]) -> Iterable[Latency]:
    for path in get_args(Path):
        taken = [row.latency_ms for row in requests if row.path == path and row.answer == "shown"]
        if taken:
            yield Latency(path=path, answers=len(taken), p50_ms=percentile(taken, 50), p95_ms=percentile(taken, 95))
