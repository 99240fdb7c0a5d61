"""Fits the mixture: first the backoff by likelihood, then the network on what the product itself computes of each
token."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy
import torch

from ...model.decoding.copying.kernels import rank
from ...model.decoding.copying.mixture import Mixer
from ...model.decoding.copying.mixture_weights import MixtureWeights
from ...model.decoding.copying.native import FEATURES, ORDERS, SOURCES
from . import probabilities
from .evidence import Step
from .weights import untrained

_BACKOFF_STEPS = 150
_BACKOFF_RATE = 0.05
_RATE = 3e-3
_WEIGHT_DECAY = 1e-4
_BATCH_STEPS = 512
_TINY = 1e-9

Steps = Iterable[tuple[Step, numpy.ndarray]]
"""Each with the model's logits, shape (vocabulary,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkChoice:
    hidden: int = 32
    epochs: int = 20
    dropout: float = 0.1
    seed: int = 0


def fit_backoff(steps: Steps, mixer: Mixer) -> MixtureWeights:
    """The weights of places and of shorter contexts, by gradient descent on the likelihood of the truth."""
    of_model, of_truth, of_all, kinds = _backoff_inputs(steps, mixer)
    weight = torch.zeros(ORDERS, SOURCES, requires_grad=True)
    constant = torch.zeros(ORDERS, requires_grad=True)
    per_kind = torch.full((ORDERS,), -1.0, requires_grad=True)
    optimizer = torch.optim.Adam([weight, constant, per_kind], lr=_BACKOFF_RATE)
    for _ in range(_BACKOFF_STEPS):
        optimizer.zero_grad()
        own = (of_truth * weight.exp()).sum(-1)
        every = (of_all * weight.exp()).sum(-1)
        shorter = constant.exp() + per_kind.exp() * kinds
        chance = of_model
        for order in range(ORDERS):
            longer = (own[:, order] + shorter[:, order] * chance) / (every[:, order] + shorter[:, order])
            chance = torch.where(every[:, order] > 0, longer, chance)
        loss = -(chance + _TINY).log().mean()
        loss.backward()
        optimizer.step()
    fitted = {"weight": weight, "constant": constant, "per_kind": per_kind}
    return replace(untrained(), **{name: value.detach().exp().numpy() for name, value in fitted.items()})


def _backoff_inputs(steps: Steps, mixer: Mixer) -> list[torch.Tensor]:
    """Of each step: the model's probability of the truth; the counts of the truth and of all candidates, shape (14, 3);
    and how many candidates each order has, of the source with the most."""
    rows: list[tuple[float, numpy.ndarray, numpy.ndarray, numpy.ndarray]] = []
    nothing = numpy.zeros((ORDERS, SOURCES), dtype=numpy.float32)
    for step, logits in steps:
        plain = probabilities.of_model(step, logits, mixer)
        is_possible = plain[step.evidence.tokens] > 0
        tokens, counts = step.evidence.tokens[is_possible], step.evidence.counts[is_possible]
        of_truth = counts[tokens == step.truth]
        kinds = (counts > 0).sum(0).max(-1) if len(tokens) else nothing[:, 0]
        rows.append(
            (
                plain[step.truth],
                of_truth[0] if len(of_truth) else nothing,
                counts.sum(0) if len(tokens) else nothing,
                kinds,
            )
        )
    return [torch.from_numpy(numpy.array(column, dtype=numpy.float32)) for column in zip(*rows, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedSteps:
    """The tokens that the mixture ranks, of all steps in a row: their features, log-probabilities by backoff, steps,
    and whether they are the truth. `steps`: how many."""

    features: numpy.ndarray
    backoff: numpy.ndarray
    step: numpy.ndarray
    is_truth: numpy.ndarray
    steps: int


def ranked_steps(steps: Steps, mixer: Mixer) -> RankedSteps:
    features, backoff, numbers, is_truth = [], [], [], []
    for number, (step, logits) in enumerate(steps):
        ranked = rank(mixer.model, step.next(logits), step.evidence.candidates())
        features.append(ranked.features)
        backoff.append(ranked.backoff)
        numbers.append(numpy.full(len(ranked.tokens), number))
        is_truth.append(ranked.tokens == step.truth)
    return RankedSteps(
        features=numpy.concatenate(features),
        backoff=numpy.concatenate(backoff),
        step=numpy.concatenate(numbers),
        is_truth=numpy.concatenate(is_truth),
        steps=len(features),
    )


def fit_network(ranked: RankedSteps, backoff: MixtureWeights, choice: NetworkChoice) -> MixtureWeights:
    """The network's weights beside those of the backoff."""
    torch.manual_seed(choice.seed)
    mean, deviation = ranked.features.mean(0), ranked.features.std(0) + 1e-3
    features = torch.from_numpy((ranked.features - mean) / deviation)
    scores = torch.from_numpy(ranked.backoff)
    first, second = torch.nn.Linear(FEATURES, choice.hidden), torch.nn.Linear(choice.hidden, 1)
    torch.nn.init.zeros_(second.weight)
    base = torch.nn.Parameter(torch.ones(()))
    dropout = torch.nn.Dropout(choice.dropout)
    parameters = [*first.parameters(), *second.parameters(), base]
    optimizer = torch.optim.AdamW(parameters, lr=_RATE, weight_decay=_WEIGHT_DECAY)
    bounds = numpy.searchsorted(ranked.step, numpy.arange(ranked.steps + 1))
    batches = -(-ranked.steps // _BATCH_STEPS)
    order = numpy.random.default_rng(choice.seed)
    for epoch in range(choice.epochs):
        for group in optimizer.param_groups:
            group["lr"] = _RATE * (1 - epoch / choice.epochs)
        for batch in order.permutation(batches):
            begin, end = batch * _BATCH_STEPS, min(ranked.steps, (batch + 1) * _BATCH_STEPS)
            rows = slice(bounds[begin], bounds[end])
            units = dropout(torch.relu(first(features[rows])))
            found = base * scores[rows] + second(units)[:, 0]
            step = torch.from_numpy(ranked.step[rows] - begin)
            loss = _loss(found, step, torch.from_numpy(ranked.is_truth[rows]), end - begin)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return replace(
            backoff,
            mean=mean,
            scale=1 / deviation,
            first=numpy.ascontiguousarray(first.weight.T.numpy()),
            first_bias=first.bias.numpy().copy(),
            second=second.weight[0].numpy().copy(),
            rest=numpy.array([second.bias.item(), base.item()], dtype=numpy.float32),
        )


def _loss(scores: torch.Tensor, step: torch.Tensor, is_truth: torch.Tensor, steps: int) -> torch.Tensor:
    """The mean negative log-probability of the truth, over the steps in which it is ranked."""
    most = torch.full((steps,), -1e9).scatter_reduce(0, step, scores.detach(), "amax")
    total = torch.zeros(steps).index_add(0, step, (scores - most[step]).exp()).log() + most
    truth = torch.zeros(steps).index_add(0, step[is_truth], scores[is_truth])
    is_ranked = torch.zeros(steps, dtype=torch.bool)
    is_ranked[step[is_truth]] = True
    return (total - truth)[is_ranked].mean()
