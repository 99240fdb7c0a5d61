"""The decode loop: each pass brings a token, or verifies a draft of several; the text is the same either way.

A draft is verified by one pass over all of its tokens (Leviathan et al. 2023): where the model, asked at each position,
chooses the draft's next token itself, that token is decided; the first other choice is decided in its place. Where
nothing but the model has a say, the device may be a step ahead of this loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import TYPE_CHECKING

from .request import BETWEEN_STEPS
from .sampling import sampler

if TYPE_CHECKING:
    import torch

    from .drafting import DraftProposer
    from .request import Pause, Request

ForwardTokens = Callable[[list[int]], "torch.Tensor"]


def async_tokens(request: Request, advance: Callable[[bool], int | None]) -> Iterator[int | Pause]:
    """Greedy tokens, without the stop token, of a device that is a step ahead of the host, and a pause behind each.

    `advance`: the next token; None is a stop token. Its argument says whether the device shall begin with the token
    after it before this one is read.
    """
    for left in reversed(range(request.max_new_tokens)):
        token = advance(left > 0)
        if token is None:
            return
        yield token
        if not left or request.is_late():
            return
        yield BETWEEN_STEPS


class DecodeLoop:
    """One completion, from the logits behind its prompt on."""

    def __init__(self, request: Request, drafting: DraftProposer, device: str) -> None:
        self._request = request
        self._drafting = drafting
        self._choose = sampler(request.sampling, device if request.mixture is None else "cpu")
        self._guide = request.guide
        self._written = b""
        self._tokens = 0

    def tokens(self, logits: torch.Tensor, step: ForwardTokens, keep: Callable[[int], None]) -> Iterator[int | Pause]:
        """The tokens, without the stop token, and a pause before each step. `logits`: behind the prompt, shape (1,
        vocabulary). `step`: the logits after each of some tokens. `keep`: only so many of the tokens that `step` was
        given are right."""
        request = self._request
        draft = list[int]()
        decided = 0
        while True:
            accepted = 0
            token = self._next(logits[0])
            while token not in request.stop_ids:
                yield token
                decided += 1
                is_draft_over = accepted == len(draft) or token != draft[accepted]
                if is_draft_over or decided == request.max_new_tokens:
                    break
                accepted += 1
                token = self._next(logits[accepted])
            self._drafting.learn(draft, accepted)
            if token in request.stop_ids or decided == request.max_new_tokens:
                return
            keep(decided - 1)
            yield BETWEEN_STEPS
            draft = yield from self._drafting.propose(request.max_new_tokens - decided)
            if request.is_late():
                return
            logits = self._timed(step, [token, *draft])

    def _next(self, row: torch.Tensor) -> int:
        mixture = self._request.mixture
        allowed = self._allowed()
        if mixture is not None:
            row = mixture.mix(row, self._written, self._tokens, allowed)
        token = self._choose(row, allowed)
        if self._request.scores is not None:
            self._request.scores.note(row, token, allowed)
        if mixture is not None:
            self._written += mixture.bytes_of(token)
            self._tokens += 1
        if self._guide is not None and token not in self._request.stop_ids:
            self._guide = self._guide.advance(token)
            if self._guide.free:
                self._guide = None
        self._drafting.extend(token)
        return token

    def _allowed(self) -> torch.Tensor | None:
        import torch

        ids = None if self._guide is None else self._guide.allowed_ids()
        return None if ids is None else torch.from_numpy(ids)

    def _timed(self, step: ForwardTokens, tokens: list[int]) -> torch.Tensor:
        started = perf_counter()
        logits = step(tokens)
        self._drafting.took(len(tokens) - 1, 1000 * (perf_counter() - started))
        return logits
