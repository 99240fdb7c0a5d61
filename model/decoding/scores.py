"""What is told of the tokens that a completion chose: how likely each was, and which others were likely there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class LikelyToken:
    """A token that may come next, and the natural logarithm of its probability at temperature 1."""

    id: int
    log_probability: float


@dataclass(slots=True, kw_only=True)
class TokenScores:
    """Of one completion, one for each token, the stop token included. `alternatives`: how many of the likeliest tokens
    at each place go to `likeliest`, the likeliest first; fewer where a guide allows no more."""

    alternatives: int = 0
    log_probabilities: list[float] = field(default_factory=list)
    likeliest: list[tuple[LikelyToken, ...]] = field(default_factory=list)

    def note(self, logits: torch.Tensor, id: int, allowed: torch.Tensor | None = None) -> None:
        """`id` was chosen. Probabilities are those among the allowed ids, or all. `logits`: shape (vocabulary,). Waits
        for the device."""
        logits = logits.float()
        among = logits if allowed is None else logits.index_select(0, allowed.to(logits.device))
        total = among.logsumexp(-1)
        self.log_probabilities.append(float(logits[id] - total))
        if self.alternatives:
            found, places = (among - total).topk(min(self.alternatives, len(among)))
            ids = places if allowed is None else allowed.to(places.device)[places]
            self.likeliest.append(likely_tokens(ids, found))


def likely_tokens(ids: torch.Tensor, log_probabilities: torch.Tensor) -> tuple[LikelyToken, ...]:
    """Those that can come at all. Both: shape (n,)."""
    pairs = zip(ids.tolist(), log_probabilities.tolist(), strict=True)
    return tuple(LikelyToken(id, found) for id, found in pairs if found > float("-inf"))
