"""From a request to a completion: the engine writes until the stop rule ends it, or it is not sure enough."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from math import log
from sys import float_info
from threading import Event
from time import perf_counter

from ... import fim, model
from .completion import Completion, Finish
from .confidence import Confidence
from .snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """All that is needed to write: the request, what its text starts with, whether it can be held to more than that,
    where it goes, where it ends, and how likely it has to be to be shown, all of it and its first tokens."""

    request: model.CompletionRequest
    must_start: str
    takes_guides: bool
    snapshot: Snapshot
    rule: fim.StopRule
    is_asked: bool
    least_probability: float
    least_token_probability: float
    started: float


class _Written:
    """What the engine has written so far."""

    def __init__(self) -> None:
        self.text = ""
        self.tokens = 0
        self.usage: model.Usage | None = None
        self.first_at: float | None = None
        self.finish: Finish = "end"

    def add(self, piece: model.Piece) -> None:
        self.text += piece.text
        # Where an engine does not say which tokens they are, a piece is at least one.
        self.tokens += len(piece.ids) or int(piece.end is None)
        self.usage = piece.usage or self.usage
        self.first_at = self.first_at or perf_counter()
        self.finish = piece.end or self.finish


def write(
    prepared: Prepared, engine: model.Engine, cancel: Event, agrees: Callable[[str], bool] = lambda _: True
) -> Completion:
    """Has the engine write until the stop rule ends it. Raises what `Engine.stream` raises, `Cancelled` also where what
    is written does not agree with what was typed meanwhile."""
    output = fim.Output(prepared.snapshot.document, prepared.snapshot.cursor, prepared.rule)
    confidence = Confidence(prepared.least_token_probability)
    written = _Written()
    with closing(engine.stream(prepared.request, cancel)) as pieces:
        for piece in pieces:
            start = max(len(written.text), len(prepared.must_start))
            written.add(piece)
            may_show = confidence.add(piece, is_known=len(written.text) <= len(prepared.must_start))
            if not agrees(written.text[len(prepared.must_start) :]):
                raise model.Cancelled
            if output.add(written.text[start:]):
                written.finish = "stop"
                break
            if not may_show:
                written.finish = "unsure"
                break
    shown = output.shown(is_cut=written.finish in ("time", "length"))
    if written.finish == "unsure" or not _is_sure(prepared, shown, confidence):
        shown, written.finish = None, "unsure"
    return _completion(prepared, written, shown, confidence)


def _completion(prepared: Prepared, written: _Written, shown: fim.Shown | None, confidence: Confidence) -> Completion:
    ended, usage = perf_counter(), written.usage
    return Completion(
        text=shown.text if shown else None,
        source="engine",
        replaced=(0, shown.replaced_after if shown else 0),
        log_probability=confidence.log_probability or None,
        first_tokens_probability=confidence.of_first_tokens,
        prompt_tokens=usage.prompt_tokens if usage else 0,
        reused_tokens=usage.reused_tokens if usage else 0,
        new_tokens=written.tokens,
        first_token_ms=1000 * ((written.first_at or ended) - prepared.started),
        total_ms=1000 * (ended - prepared.started),
        finish=written.finish,
    )


def _is_sure(prepared: Prepared, shown: fim.Shown | None, confidence: Confidence) -> bool:
    """Whether a completion is likely enough to be shown, and says anything, where nobody asked for it."""
    if confidence.log_probability < log(prepared.least_probability or float_info.min) or not confidence.is_enough:
        return False
    before = prepared.snapshot.document.before(prepared.snapshot.cursor)
    return prepared.is_asked or shown is None or fim.worth_showing(shown.text, before)
