"""What a typist's steps come to: pure counting, with no clock and no server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import measure

Path = Literal["instant", "taken over", "prefix hit", "cold"]
PATHS: tuple[Path, ...] = get_args(Path)
Worth = Literal["whole", "start", "nothing"]
"""Of a text: all of it is right, its first word is, or nothing."""
Change = Literal["same", "began", "grew", "replaced", "vanished"]
"""Of what is on the screen, beside what was typed along it: a text began where none was, it grew, it gave way to
another one, or to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where an answer came from. Instant: it was known; taken over: it was under way; else most of its prompt was
    computed before, or not."""

    path: Path
    prompt_tokens: int = 0
    reused_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A key, or what is accepted by one, and what is on the screen until the next.

    `accepted`: the characters that came by it. `answer_ms`: until the answer that came before the next key, if one did;
    `answered`: whether it had a text. `shown`: how right the text on the screen is; None where there is none.
    `change`: what became of the screen. `nothing_good`: the oracle looked here, and has not even a first word right;
    None where it did not look.
    """

    offset: int
    keys: int = 1
    accepted: int = 0
    answer_ms: float | None = None
    answered: bool = False
    source: Source | None = None
    shown: Worth | None = None
    change: Change = "same"
    nothing_good: bool | None = None

    @property
    def is_quiet_wanted(self) -> bool:
        """Nobody has anything right to say here: neither the oracle nor the client."""
        return self.nothing_good is True and self.shown not in ("whole", "start")


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A span that was typed: its characters, the keys without any completion, the accepted characters that are there at
    the end, and each step."""

    language: str
    characters: int
    keys_alone: int
    retained: int
    steps: tuple[Step, ...]


def figures(typed: Sequence[Typed]) -> dict[str, Any]:
    """Counts, and shares from 0 to 1; a share of nothing is None."""
    steps = [step for one in typed for step in one.steps]
    keys, alone = sum(step.keys for step in steps), sum(one.keys_alone for one in typed)
    accepted = sum(step.accepted for step in steps)
    shown = [step for step in steps if step.change in ("began", "replaced")]
    whole = _count(shown, lambda step: step.shown == "whole")
    at_start = _count(shown, lambda step: step.shown == "start")
    answered = [step for step in steps if step.answered]
    quiet = [step for step in steps if step.is_quiet_wanted]
    return {
        "spans": len(typed),
        "characters": sum(one.characters for one in typed),
        "keys_alone": alone,
        "keys": keys,
        "keys_saved": _share(alone - keys, alone),
        "accepted_characters": accepted,
        "retained_characters": sum(one.retained for one in typed),
        "accepted": _count(steps, lambda step: step.accepted > 0),
        "shown": len(shown),
        "right": whole,
        "right_at_its_start": at_start,
        "wrong": len(shown) - whole - at_start,
        "right_of_shown": _share(whole, len(shown)),
        "accepted_characters_per_shown": _share(accepted, len(shown)),
        "instant_of_answers": _share(_count(answered, _is_instant), len(answered)),
        "instant_of_shown": _share(_count(shown, _is_instant), len(shown)),
        "positions_with_nothing_good": len(quiet),
        "quiet": _share(_count(quiet, lambda step: step.shown is None), len(quiet)),
        "flicker": _share(_count(steps, lambda step: step.change in ("replaced", "vanished")), len(shown)),
        "grew": _count(steps, lambda step: step.change == "grew"),
        "latency_ms": {path: _latency(answered, path) for path in PATHS},
        "reused_tokens": _reused(steps),
    }


def _count(steps: Iterable[Step], holds: Callable[[Step], bool]) -> int:
    return sum(map(holds, steps))


def _is_instant(step: Step) -> bool:
    return step.source is not None and step.source.path == "instant"


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def _latency(answered: Sequence[Step], path: Path) -> dict[str, float] | None:
    """Of answers with a text, from the request to the client; None where there is none."""
    times: list[float] = []
    for step in answered:
        if step.answer_ms is not None and step.source is not None and step.source.path == path:
            times.append(step.answer_ms)
    if not times:
        return None
    p50, p95 = (round(measure.percentile(times, per_cent), 2) for per_cent in (50, 95))
    return {"answers": len(times), "p50": p50, "p95": p95}


def _reused(steps: Sequence[Step]) -> float | None:
    """The share of all tokens of prompts that was computed before."""
    sources = [step.source for step in steps if step.source is not None]
    return _share(sum(one.reused_tokens for one in sources), sum(one.prompt_tokens for one in sources))
