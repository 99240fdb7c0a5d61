"""Which tokens a completion gets where another process chooses them: its choice where the guide allows it, else ours.

A server cannot be told what a guide allows from step to step. So it writes as if there were none, and each of its
tokens is looked at until the guide is through. Mostly all are allowed, and that costs nothing. Where one is not, the
likeliest allowed one is taken instead, and the server goes on behind it, with all that it computed so far. For random
tokens that is rejection sampling: they come as often as if the others did not exist.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from operator import attrgetter
from random import Random
from threading import Event

from ...decoding.guide import GuideState
from ...decoding.sampling import Sampling
from ...decoding.scores import LikelyToken
from ..engine import CompletionRequest
from .client import Asked, LlamaClient, Step

_CANDIDATES = 64
"""Of each place, while a guide is on: the likeliest allowed token is nearly always among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A token of a completion. `tokens`: it and those before it whose ids nobody knows; where there are any, `text` is
    what all of them add. `log_probability`: None where nobody knows it. `likeliest`: the alternatives that the request
    asks for, as far as they are known. `ends`: it is no text, but the end of it."""

    id: int
    log_probability: float | None
    likeliest: tuple[LikelyToken, ...] = ()
    tokens: int = 1
    text: str | None = None
    ends: bool
    reused_tokens: int


def decide(
    client: LlamaClient, asked: Asked, request: CompletionRequest, guide: GuideState | None, cancel: Event
) -> Generator[Decided, None, None]:
    """At most `request.max_new_tokens`, up to the one that ends the text. Raises what `LlamaClient` raises."""
    random = Random(request.sampling.seed)  # noqa: S311 - it chooses tokens, and keeps no secrets
    text = _Text(client=client, asked=asked, request=request, guide=guide, cancel=cancel)
    most = request.max_new_tokens
    while most > 0:
        before = len(text.written)
        refused = yield from text.go_on(most)
        if text.has_ended or (text.guide is None and len(text.written) < before + most):
            return
        if refused is not None or len(text.written) < before + most:
            chosen = text.allowed_instead_of(refused)
            if not chosen:
                return
            decided = _with(_draw(chosen, request.sampling, random), chosen, refused, request)
            text.take(decided)
            yield decided
            if text.has_ended:
                return
        # Token by token: what was refused once is likely refused again, and a cancel takes a token, too.
        left = request.max_new_tokens - len(text.written)
        most = left if text.guide is None else min(left, 1)


@dataclass(slots=True, kw_only=True)
class _Text:
    """What is written so far, and what its guide still asks for."""

    client: LlamaClient
    asked: Asked
    request: CompletionRequest
    guide: GuideState | None
    cancel: Event
    written: list[int] = field(default_factory=list)
    has_ended: bool = False

    def go_on(self, most: int) -> Generator[Decided, None, Step | None]:
        """Tokens of the server's choice, at most so many; returns the first one that the guide refuses."""
        steps = self.client.steps(
            self._here(),
            max_new_tokens=most,
            sampling=self.request.sampling,
            candidates=max(1 if self.guide is None else _CANDIDATES, self.request.alternatives),
            cancel=self.cancel,
        )
        with closing(steps):
            for step in steps:
                if not _is_allowed(step, self.guide):
                    return step
                decided = _as_it_is(step, self.guide, self.request)
                self.take(decided)
                yield decided
                if self.has_ended:
                    break
        return None

    def take(self, decided: Decided) -> None:
        self.has_ended = decided.ends
        if not decided.ends:
            self.guide = _after(self.guide, decided.id)
            self.written.append(decided.id)

    def allowed_instead_of(self, refused: Step | None) -> Sequence[LikelyToken]:
        """What may come where the server's choice may not, or is not told, with its probabilities among what may.
        Empty where the context is full."""
        assert self.guide is not None
        known = [] if refused is None or refused.skipped_tokens else _allowed(refused.candidates, self.guide)
        if known:
            return _normalised(known)
        allowed = self.guide.allowed_ids()
        assert allowed is not None
        ids = frozenset(int(id) for id in allowed)
        if not ids:
            raise ValueError("no token is allowed: the vocabulary cannot spell what the guide asks for")
        return self.client.best_of(self._here(), ids, most=_CANDIDATES, cancel=self.cancel)

    def _here(self) -> Asked:
        return replace(self.asked, ids=[*self.asked.ids, *self.written])


def _is_allowed(step: Step, guide: GuideState | None) -> bool:
    """What is not known, a guide does not allow."""
    return guide is None or (not step.skipped_tokens and guide.allows(step.token.id))


def _after(guide: GuideState | None, id: int) -> GuideState | None:
    """None as soon as nothing is refused any more."""
    if guide is None:
        return None
    guide = guide.advance(id)
    return None if guide.free else guide


def _as_it_is(step: Step, guide: GuideState | None, request: CompletionRequest) -> Decided:
    """The server's own choice."""
    if guide is None:
        decided = _with(step.token, step.candidates, step, request)
        skipped = step.skipped_tokens
        return replace(decided, likeliest=(), tokens=1 + skipped, text=step.text) if skipped else decided
    among = _allowed(step.candidates, guide)
    if all(each.id != step.token.id for each in among):
        among.append(step.token)
    among = _normalised(among)
    return _with(next(each for each in among if each.id == step.token.id), among, step, request)


def _allowed(candidates: Sequence[LikelyToken], guide: GuideState) -> list[LikelyToken]:
    return [each for each in candidates if guide.allows(each.id)]


def _normalised(among: Sequence[LikelyToken]) -> list[LikelyToken]:
    """With their probabilities among each other. What is not among the likeliest counts for nothing."""
    most = max(each.log_probability for each in among)
    total = most + math.log(sum(math.exp(each.log_probability - most) for each in among))
    return [replace(each, log_probability=each.log_probability - total) for each in among]


def _draw(among: Sequence[LikelyToken], sampling: Sampling, random: Random) -> LikelyToken:
    """One of them, as `sampling` says."""
    ordered = _ordered(among)
    if sampling.is_greedy:
        return ordered[0]
    ordered = ordered[: sampling.top_k]
    most = ordered[0].log_probability
    weights = [math.exp((each.log_probability - most) / sampling.temperature) for each in ordered]
    kept_weight = sampling.top_p * sum(weights)
    before = 0.0
    for position, weight in enumerate(weights):
        if before >= kept_weight and position > 0:
            weights[position] = 0.0
        before += weight
    return random.choices(ordered, weights)[0]


def _ordered(among: Sequence[LikelyToken]) -> list[LikelyToken]:
    """The likeliest first."""
    return sorted(among, key=attrgetter("log_probability"), reverse=True)


def _with(token: LikelyToken, among: Sequence[LikelyToken], step: Step | None, request: CompletionRequest) -> Decided:
    """`token`, which was chosen of those `among` which it stands."""
    is_known = not math.isnan(token.log_probability)
    return Decided(
        id=token.id,
        log_probability=token.log_probability if is_known else None,
        likeliest=tuple(_ordered(among)[: request.alternatives]) if is_known else (),
        ends=token.id in request.stop_ids,
        reused_tokens=0 if step is None else step.reused_tokens,
    )
