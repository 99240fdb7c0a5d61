"""What is written down: one row for each request, and one for each completion that was shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Path = Literal["instant", "prefix hit", "cold"]
"""How an answer came: it was known, or most of its prompt was in the KV cache, or not."""
Answer = Literal["shown", "nothing", "cancelled"]
Outcome = Literal["accepted", "partly", "typed", "rejected"]
"""All of a completion was accepted in the end, or a part; or the user never did, but typed the same or the start of it;
or went on otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """`at`: seconds since 1970. `path`: None where there was no answer. `tokens_per_s`: None where too few were
    generated to tell."""

    at: int
    language: str
    kind: str
    answer: Answer
    path: Path | None
    latency_ms: float
    tokens_per_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionRow:
    """`id`: random. `kept_30_s` and `kept_5_min`: how many of the accepted characters still stood so long after the
    last of them came; None where nobody could tell by then."""

    id: str
    at: int
    language: str
    kind: str
    outcome: Outcome
    accepted_characters: int
    kept_30_s: int | None
    kept_5_min: int | None


Row = RequestRow | CompletionRow
