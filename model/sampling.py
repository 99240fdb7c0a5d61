"""How the next token is chosen from the logits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """`temperature` 0 is greedy. `top_p` keeps the smallest set of tokens with at least that probability."""

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None


GREEDY = Sampling()


def sampler(sampling: Sampling, device: str) -> Callable[[torch.Tensor], int]:
    """A function from logits, shape (vocabulary,), to a token id. It owns the random state of one completion."""
    import torch

    if sampling.temperature <= 0:
        return lambda logits: int(logits.argmax())
    generator = torch.Generator(device)
    if sampling.seed is not None:
        generator.manual_seed(sampling.seed)
    else:
        generator.seed()

    def sample(logits: torch.Tensor) -> int:
        probabilities = (logits.float() / sampling.temperature).softmax(-1)
        if sampling.top_p < 1:
            ordered, ids = probabilities.sort(descending=True)
            # A token stays while what stands before it is still short of top_p, so the first always does.
            ordered[ordered.cumsum(-1) - ordered >= sampling.top_p] = 0
            return int(ids[torch.multinomial(ordered, 1, generator=generator)])
        return int(torch.multinomial(probabilities, 1, generator=generator))

    return sample
