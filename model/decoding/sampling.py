"""How the next token is chosen from the logits: of all tokens, or of those that a guide allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch


_LEAST_TEMPERATURE = 1e-6
"""Logits over less are no numbers that a float can have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """`temperature` 0 is greedy. `top_k`: only the likeliest k tokens are drawn from; None: from all. `top_p` keeps, of
    these, the smallest set with at least that probability."""

    temperature: float = 0.0
    top_k: int | None = None
    top_p: float = 1.0
    seed: int | None = None

    @property
    def is_greedy(self) -> bool:
        """Whether it always takes the likeliest token."""
        return self.temperature < _LEAST_TEMPERATURE or self.top_k == 1


GREEDY = Sampling()


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSearch:
    """How the likeliest line is looked for, instead of the likeliest token at each step.

    `least_probability`: no line is wanted that is less likely. `further_passes`: of the model, once a line is
    found."""

    least_probability: float = 0.0
    further_passes: int = 16


class Sampler(Protocol):
    def __call__(self, logits: torch.Tensor, allowed: torch.Tensor | None = None) -> int:
        """The id of the next token.

        `logits`: shape (vocabulary,). `allowed`: the ids to choose from, shape (ids,), int64, on any device; None
        allows all. Raises ValueError where it is empty.
        """
        ...


def sampler(sampling: Sampling, device: str) -> Sampler:
    """Chooses tokens as `sampling` says. It owns the random state of one completion."""
    choose = _greedy if sampling.is_greedy else _random(sampling, device)

    def sample(logits: torch.Tensor, allowed: torch.Tensor | None = None) -> int:
        return int(choose(logits) if allowed is None else restrict(logits, allowed, choose))

    return sample


def restrict(
    logits: torch.Tensor, allowed: torch.Tensor, choose: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """What `choose` takes of the logits of `allowed`, as a token id: one int64 on the logits' device.

    Probabilities are those among the allowed ids. `choose` maps logits, shape (n,), to a position in them, and nothing
    here waits for the device. Raises ValueError where `allowed` is empty.
    """
    if not len(allowed):
        raise ValueError("no token is allowed: the vocabulary cannot spell what the guide asks for")
    allowed = allowed.to(logits.device, non_blocking=True)
    return allowed[choose(logits.index_select(0, allowed))]


def _greedy(logits: torch.Tensor) -> torch.Tensor:
    return logits.argmax()


def _random(sampling: Sampling, device: str) -> Callable[[torch.Tensor], torch.Tensor]:
    import torch

    generator = torch.Generator(device)
    if sampling.seed is not None:
        generator.manual_seed(sampling.seed)
    else:
        generator.seed()

    def choose(logits: torch.Tensor) -> torch.Tensor:
        count = len(logits) if sampling.top_k is None else min(sampling.top_k, len(logits))
        scaled = logits.float() / sampling.temperature
        if count < len(logits):
            scaled, likeliest = scaled.topk(count)
        else:
            likeliest = None
        position = drawn(scaled.softmax(-1))
        return position if likeliest is None else likeliest[position]

    def drawn(probabilities: torch.Tensor) -> torch.Tensor:
        if sampling.top_p >= 1:
            return torch.multinomial(probabilities, 1, generator=generator)[0]
        ordered, ids = probabilities.sort(descending=True)
        # A token stays while what stands before it is still short of top_p. The first always does, also where top_p is
        # too small for a float32.
        ordered[1:][(ordered.cumsum(-1) - ordered)[1:] >= sampling.top_p] = 0
        return ids[torch.multinomial(ordered, 1, generator=generator)[0]]

    return choose
