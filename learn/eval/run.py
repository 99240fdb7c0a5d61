"""Measures completers at places, one after the other, so that what was measured is there whenever it ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..repository import Completed, Completer, Repository
from .metrics import Scores, score
from .places import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one variant completed at one place."""

    place: Place
    completed: Completed
    scores: Scores


def outcomes(repository: Repository, places: Sequence[Place], completers: Sequence[Completer]) -> Iterator[Outcome]:
    """At each place that of each completer, in their order. Raises what the completers raise."""
    for place in places:
        document = place.document()
        for completer in completers:
            completed = completer.complete(repository, document, place.cursor)
            scores = score(completed.text, place, completer.info, is_shown=completed.is_shown)
            yield Outcome(place=place, completed=completed, scores=scores)
