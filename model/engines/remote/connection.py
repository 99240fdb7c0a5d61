"""One server that is spoken with, and the completions that it writes.

A completion is tried again while nothing of it has come; what has come is never asked for twice.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from threading import Event
from time import monotonic

from ...errors import Cancelled, RemoteFailed
from ..engine import CompletionRequest, InfoChanged, Piece, Usage
from ..http.client import HttpClient
from ..http.failures import HttpFailure
from .answers import Answer
from .asking import body_of, ends_of
from .problems import problem_of
from .remote_model import Address, RemoteModel, Takes
from .retries import wait_s
from .server_facts import TAKES_IDS, ServerFacts
from .spelling import Speller

log = logging.getLogger(__name__)

_REFUSES_FORM = (400, 422)
_LONGEST_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a server is asked. `is_guess`: whether it may not take prompts in that way. `has_extras`: whether it is asked
    for probabilities and counts."""

    takes: Takes
    is_guess: bool
    has_extras: bool = True

    def simpler(self) -> Form | None:
        """For a server that refuses this one; None where there is none."""
        if self.has_extras:
            return replace(self, has_extras=False)
        return replace(self, takes="text", is_guess=False) if self.is_guess else None


class Connection:
    """`begin`: the token that the model's prompts begin with, where that is known. `form` may become simpler while
    it is used; then `InfoChanged` says that prompts have to be made anew."""

    def __init__(
        self,
        client: HttpClient,
        wanted: RemoteModel,
        address: Address,
        facts: ServerFacts,
        form: Form,
        begin: str | None,
    ) -> None:
        self._client = client
        self._begin = begin
        self._wanted = wanted
        self._address = address
        self.facts = facts
        self.form = form
        self._first_form = form

    def is_like(self, other: Connection | None) -> bool:
        """Whether a server that was asked again is the same, as far as it says."""
        return other is not None and (self.facts, self._first_form) == (other.facts, other._first_form)

    def write(self, request: CompletionRequest, cancel: Event) -> Generator[Piece, None, None]:
        """Raises `Cancelled`, `InfoChanged` and `RemoteFailed`."""
        deadline_s = monotonic() + (_LONGEST_S if request.time_limit_s is None else request.time_limit_s)
        tries = 0
        while True:
            has_begun = False
            try:
                for piece in self._tried(request, cancel, deadline_s):
                    has_begun = True
                    yield piece
                return
            except HttpFailure as failure:
                if has_begun:
                    raise self._problem(failure) from None
                if failure.status in _REFUSES_FORM and self._simplify():
                    continue
                tries += 1
                self._wait(failure, tries, deadline_s, cancel)

    def _tried(self, request: CompletionRequest, cancel: Event, deadline_s: float) -> Generator[Piece, None, None]:
        form, speller = self.form, Speller(self._begin)
        body = body_of(request, self.facts, form.takes, speller, has_extras=form.has_extras)
        known = Usage(prompt_tokens=len(request.ids), reused_tokens=0) if form.takes == "ids" else None
        answer = Answer(ends_of(request), known, speller.read)
        silence_s = self._wanted.silence_s
        events = self._client.events(
            "/completions", body, cancel=cancel, first_s=silence_s, between_s=silence_s, deadline_s=deadline_s
        )
        has_text = False
        with closing(_until(events, deadline_s)) as in_time:
            for data in in_time:
                pieces = answer.feed(data)
                has_text = has_text or bool(pieces)
                yield from pieces
                if answer.is_over:
                    break
        if answer.is_whole:
            yield answer.finish()
        elif monotonic() < deadline_s:
            raise HttpFailure("broken off", "closed the connection in the middle of an answer")
        elif has_text:
            yield replace(answer.finish(), end="time")
        else:
            raise HttpFailure("too slow", f"wrote nothing within {request.time_limit_s or 0:.3g} s")

    def _simplify(self) -> bool:
        """Asks in a simpler form from now on; whether the same request can be asked again in it. Raises `InfoChanged`
        where its prompt has to be another one."""
        is_known = self.facts.owner in TAKES_IDS
        simpler = None if is_known else self.form.simpler()
        if simpler is None:
            return False
        log.info("the server refuses %s; from now on: %s", self.form, simpler)
        is_same_prompt = simpler.takes == self.form.takes
        self.form = simpler
        if not is_same_prompt:
            raise InfoChanged
        return True

    def _wait(self, failure: HttpFailure, tries: int, deadline_s: float, cancel: Event) -> None:
        """Until the next try. Raises `RemoteFailed` where none is worth it, or there is no time for it."""
        wait = wait_s(failure, tries)
        if wait is None or monotonic() + wait >= deadline_s:
            raise self._problem(failure) from None
        log.debug("try %d failed, the next one in %.2f s: %s", tries, wait, failure)
        if cancel.wait(wait):
            raise Cancelled

    def _problem(self, failure: HttpFailure) -> RemoteFailed:
        return problem_of(failure, self._address, model=self.facts.model, others=self.facts.others)


def _until(events: Generator[str, None, None], deadline_s: float) -> Generator[str, None, None]:
    """The events that come in time."""
    with closing(events):
        try:
            for data in events:
                yield data
                if monotonic() >= deadline_s:
                    return
        except HttpFailure as failure:
            if failure.kind != "too slow" or monotonic() < deadline_s:
                raise
