"""The likeliest line, by best-first search (Meister et al., "Best-First Beam Search", TACL 2020, arXiv:2007.03909).

The likeliest token at each step is seldom the start of the likeliest line. A line's probability falls with every token,
so once a whole line is likelier than all that has begun, nothing better can come. The search dives first, as greedy
decoding does, so that there is a line early; then it looks at whatever is likelier still.

The passes of one prompt share its KV cache, which is rewound to where two lines part. A pass also computes the tokens
that copies make likely behind its line: they cost it little, and most often the search comes to them.
"""

from __future__ import annotations

import heapq
import math
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

from .request import BETWEEN_STEPS
from .scores import likely_tokens

if TYPE_CHECKING:
    import torch

    from .copying.mixture import Mixture
    from .guide import GuideState
    from .request import Pause, Request
    from .sampling import LineSearch
    from .scores import LikelyToken

    ForwardTokens = Callable[[list[int]], "torch.Tensor"]
    LogitsBehind = Callable[["_Line"], Generator[Pause, None, "torch.Tensor"]]

_WIDTH = 6
"""Tokens that one line may go on with."""
_MOST_COPIED = 7
"""Tokens that a pass computes behind its line."""


@dataclass(frozen=True, slots=True, order=True)
class _Line:
    """A line that has begun. `cost`: the negative logarithm of its probability. `likeliest`: see `TokenScores`."""

    cost: float
    tokens: tuple[int, ...]
    costs: tuple[float, ...] = field(compare=False)
    likeliest: tuple[tuple[LikelyToken, ...], ...] = field(compare=False)
    written: bytes = field(compare=False)
    guide: GuideState | None = field(compare=False)
    is_whole: bool = field(compare=False)


class BestLine:
    """The search of one completion."""

    def __init__(self, request: Request, search: LineSearch, mixture: Mixture) -> None:
        self._request = request
        self._search = search
        self._mixture = mixture
        least = search.least_probability
        self._most_cost = -math.log(least) if least > 0 else sys.float_info.max
        self._alternatives = 0 if request.scores is None else request.scores.alternatives
        self._drafts = mixture.drafts()
        self._computed: tuple[int, ...] = ()  # the tokens behind the prompt that are in the KV cache
        self._logits: list[torch.Tensor] = []  # behind each of them

    def tokens(self, logits: torch.Tensor, step: ForwardTokens, keep: Callable[[int], None]) -> Iterator[int | Pause]:
        """The tokens of the best line, without a stop token; none where none is likely enough. See
        `DecodeLoop.tokens`."""
        best = yield from self._best(logits[0], step, keep)
        if best is None:
            return
        if self._request.scores is not None:
            self._request.scores.log_probabilities += [-cost for cost in best.costs]
            self._request.scores.likeliest += best.likeliest
        for token in best.tokens:
            if token not in self._request.stop_ids:
                yield token

    def _best(
        self, row: torch.Tensor, step: ForwardTokens, keep: Callable[[int], None]
    ) -> Generator[Pause, None, _Line | None]:
        def logits_behind(line: _Line) -> Generator[Pause, None, torch.Tensor]:
            return self._logits_behind(line, step, keep)

        begun: list[_Line] = []
        best = yield from self._dive(row, begun, logits_behind)
        further = self._search.further_passes
        while begun and (best is None or begun[0].cost < best.cost):
            line = heapq.heappop(begun)
            if line.is_whole:
                return line
            if further == 0 or self._request.is_late():
                return best
            further -= 1
            for longer in self._following(line, (yield from logits_behind(line))):
                heapq.heappush(begun, longer)
        return best

    def _dive(
        self, row: torch.Tensor, begun: list[_Line], logits_behind: LogitsBehind
    ) -> Generator[Pause, None, _Line | None]:
        """The line of the likeliest token at each step; None where it gets too unlikely. The others go to `begun`."""
        line = _Line(0.0, (), (), (), b"", self._request.guide, is_whole=False)
        while True:
            following = self._following(line, row)
            if not following or self._request.is_late():
                return None
            line, *others = following
            for other in others:
                heapq.heappush(begun, other)
            if line.is_whole:
                return line
            row = yield from logits_behind(line)

    def _following(self, line: _Line, row: torch.Tensor) -> list[_Line]:
        """What the line may go on with, as far as it is likely enough, the likeliest first."""
        import torch

        ids = None if line.guide is None else line.guide.allowed_ids()
        allowed = None if ids is None else torch.from_numpy(ids)
        mixed = self._mixture.mix(row, line.written, len(line.tokens), allowed)
        scores, tokens = mixed.topk(min(max(_WIDTH, self._alternatives), len(mixed)))
        likeliest = likely_tokens(tokens[: self._alternatives], scores[: self._alternatives])
        following: list[_Line] = []
        for score, token in zip(scores[:_WIDTH].tolist(), tokens[:_WIDTH].tolist(), strict=True):
            if line.cost - score <= self._most_cost:
                following.append(self._longer(line, token, -score, likeliest))
        return following

    def _longer(self, line: _Line, token: int, cost: float, likeliest: tuple[LikelyToken, ...]) -> _Line:
        written = self._mixture.bytes_of(token)
        is_end = token in self._request.stop_ids
        guide = line.guide
        if guide is not None and not is_end:
            guide = guide.advance(token)
            guide = None if guide.free else guide
        return _Line(
            line.cost + cost,
            (*line.tokens, token),
            (*line.costs, cost),
            (*line.likeliest, likeliest),
            line.written + written,
            guide,
            is_whole=is_end or b"\n" in written or len(line.tokens) + 1 >= self._request.max_new_tokens,
        )

    def _logits_behind(
        self, line: _Line, step: ForwardTokens, keep: Callable[[int], None]
    ) -> Generator[Pause, None, torch.Tensor]:
        """The logits behind a line that has begun. Pauses before it computes any."""
        tokens = line.tokens
        shared = 0
        most = min(len(self._computed), len(tokens))
        while shared < most and self._computed[shared] == tokens[shared]:
            shared += 1
        if shared < len(tokens):
            yield BETWEEN_STEPS
            keep(shared)
            self._computed = (*tokens, *self._copied(line))
            self._logits[shared:] = step(list(self._computed[shared:]))
        return self._logits[len(tokens) - 1]

    def _copied(self, line: _Line) -> Iterator[int]:
        """What copies make likely behind a line that has begun, up to its end."""
        room = self._request.max_new_tokens - 1 - len(line.tokens)
        draft = self._drafts.propose_behind(line.written, min(_MOST_COPIED, room))
        return takewhile(lambda token: b"\n" not in self._mixture.bytes_of(token), draft)
