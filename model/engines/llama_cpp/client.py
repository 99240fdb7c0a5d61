"""What llama.cpp's server is asked, and what it answers, as values: token ids in, token ids and their odds out.

It knows the server's protocol and no model, guide or document.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from threading import Event
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from ...decoding.sampling import Sampling
from ...decoding.scores import LikelyToken
from ...errors import BrokenCheckpoint
from ..http.client import HttpClient, Server
from ..http.exchange import parsed
from ..http.failures import HttpFailure
from .process import Address

_STEP_S = 600.0
"""The longest that one batch of a prompt, or one token, may take: it only ends what would never end."""
_ABOVE_ALL = 1000.0
"""Added to a logit: more than they ever differ, and little enough that a float keeps four digits of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A token that was chosen. `candidates`: the likeliest ones at its place. `text`: what it adds, and what the
    `skipped_tokens` before it add, whose ids the server does not tell: they end within a character. `reused_tokens`: of
    the prompt, that needed no computing."""

    token: LikelyToken
    candidates: tuple[LikelyToken, ...]
    text: str
    skipped_tokens: int
    reused_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A prompt, and which of the server's sequences computes it."""

    ids: Sequence[int]
    slot: int


class LlamaClient:
    """Speaks with one server. From any thread."""

    def __init__(self, address: Address) -> None:
        # Each request has a connection of its own: the server closes those that are kept after some seconds, or after a
        # hundred requests, and one that is sent just then would be lost.
        headers = {"authorization": f"Bearer {address.key}", "connection": "close"}
        self._http = HttpClient(Server(url=address.url, headers=headers, secrets=(address.key,)))

    def steps(
        self, asked: Asked, *, max_new_tokens: int, sampling: Sampling, candidates: int, cancel: Event
    ) -> Generator[Step, None, None]:
        """The tokens that follow a prompt, as they come, the one that ends the text included; whoever stops iterating
        stops the server within a batch. `candidates`: how many are told of each place.

        Raises `HttpFailure`, `Cancelled`, and `BrokenCheckpoint` where a probability is no number.
        """
        body = {**_prompt(asked), **_sampling(sampling), "n_predict": max_new_tokens, "n_probs": candidates}
        seen, reused = 0, 0
        for event in self._events(body, cancel):
            if event.prompt_progress is not None:
                reused = event.prompt_progress.cache
            elif event.tokens:
                odds = _odds(event)
                yield Step(
                    token=LikelyToken(event.tokens[-1], odds.log_probability),
                    candidates=tuple(each.candidate for each in odds.top_logprobs),
                    text=event.content,
                    skipped_tokens=max(0, event.tokens_predicted - seen - 1),
                    reused_tokens=reused,
                )
                seen = event.tokens_predicted

    def compute(self, asked: Asked, *, cancel: Event) -> int:
        """Has a prompt computed, and nothing written; how many of its tokens needed no computing. Raises `HttpFailure`
        and `Cancelled`."""
        reused = 0
        for event in self._events({**_prompt(asked), "n_predict": 0}, cancel):
            if event.prompt_progress is not None:
                reused = event.prompt_progress.cache
        return reused

    def best_of(self, asked: Asked, allowed: Collection[int], *, most: int, cancel: Event) -> list[LikelyToken]:
        """The likeliest of `allowed` after a prompt, at most `most`, with their probabilities among all of `allowed`,
        which are no numbers where the server does not tell them. Empty where the context is full.

        Raises `HttpFailure` and `Cancelled`.
        """
        biased = {**_prompt(asked), "n_predict": 1, "logit_bias": [[id, _ABOVE_ALL] for id in allowed]}
        odds = {"temperature": 1.0, "n_probs": min(most, len(allowed)), "post_sampling_probs": True}
        found: list[LikelyToken] = []
        for place in self._whole({**biased, **odds}, cancel).completion_probabilities:
            for each in place.top_probs:
                if each.prob > 0 and each.id in allowed:
                    found.append(LikelyToken(each.id, math.log(each.prob)))
        if found:
            return found
        # Of a place where it draws a token that ends within a character the server tells nothing but the token.
        tokens = self._whole({**biased, "temperature": 0.0}, cancel).tokens
        return [LikelyToken(id, math.nan) for id in tokens if id in allowed]

    def close(self, timeout_s: float) -> bool:
        return self._http.close(timeout_s)

    def _whole(self, body: dict[str, Any], cancel: Event) -> _Event:
        """The whole answer at once, and nothing of it as it comes."""
        fields = {
            "stream": False,
            "samplers": ["temperature"],
            "response_fields": ["tokens", "completion_probabilities"],
        }
        return _event(self._http.json("POST", "/completion", {**body, **fields}, cancel=cancel, limit_s=_STEP_S))

    def _events(self, body: dict[str, Any], cancel: Event) -> Generator[_Event, None, None]:
        received = self._http.events("/completion", body, cancel=cancel, first_s=_STEP_S, between_s=_STEP_S)
        with closing(received):
            for data in received:
                yield _event(parsed(data))


class _Candidate(BaseModel):
    id: int
    logprob: float | None

    @property
    def candidate(self) -> LikelyToken:
        return LikelyToken(self.id, _number(self.logprob))


class _Sampled(BaseModel):
    id: int
    prob: float


class _Odds(BaseModel):
    """Of one place: by the model's own probabilities, or by those after sampling."""

    logprob: float | None = None
    top_logprobs: list[_Candidate] = []
    top_probs: list[_Sampled] = []

    @property
    def log_probability(self) -> float:
        return _number(self.logprob)


class _Progress(BaseModel):
    cache: int


class _Event(BaseModel):
    content: str = ""
    tokens: list[int] = []
    tokens_predicted: int = 0
    prompt_progress: _Progress | None = None
    completion_probabilities: list[_Odds] = []


_EVENT = TypeAdapter(_Event)


def _event(answer: object) -> _Event:
    """Raises `HttpFailure`."""
    if isinstance(answer, dict) and "error" in answer:
        raise HttpFailure("refused", f"answers {str(answer['error'])[:200]}")
    try:
        return _EVENT.validate_python(answer)
    except ValidationError as error:
        raise HttpFailure("garbage", f"sent what no completion is: {error.errors()[0]['msg']}") from None


def _prompt(asked: Asked) -> dict[str, Any]:
    """What every request says. Progress is wanted since a server that has nothing to send does not notice that nobody
    waits any more; of the last event all is left out that nobody reads, such as the prompt."""
    return {
        "prompt": list(asked.ids),
        "id_slot": asked.slot,
        "cache_prompt": True,
        "stream": True,
        "return_tokens": True,
        "return_progress": True,
        "response_fields": ["stop"],
    }


def _sampling(sampling: Sampling) -> dict[str, Any]:
    if sampling.is_greedy:
        return {"samplers": ["temperature"], "temperature": 0.0}
    return {
        "samplers": ["top_k", "temperature", "top_p"],
        "top_k": sampling.top_k or 0,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": -1 if sampling.seed is None else sampling.seed,
    }


def _odds(event: _Event) -> _Odds:
    if not event.completion_probabilities:
        raise HttpFailure("garbage", "sent a token without its probability")
    return event.completion_probabilities[0]


def _number(log_probability: float | None) -> float:
    if log_probability is None or math.isnan(log_probability):
        raise BrokenCheckpoint(
            "llama.cpp computes logits that are no numbers.", "Download the model again; its weights are damaged."
        )
    return log_probability
