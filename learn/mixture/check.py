"""What the fit is worth on repositories that it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy

from ...model.decoding.copying.mixture import Mixer
from . import probabilities
from .evidence import Example, Step

Chances = Callable[[Step, numpy.ndarray, Mixer], numpy.ndarray]
"""From a step and the model's logits to the probabilities of all tokens, shape (vocabulary,)."""

_LEAST = 1e-30


def table(examples: Mapping[str, Sequence[Example]], backoff: Mixer, network: Mixer) -> Iterator[str]:
    """By language for the model alone, the backoff and the network: the share of places at which each token of the
    truth is the likeliest, and how many bits a byte of the truth takes."""
    yield f"{'':12} {'':7} {'exact match':>25}  {'bits per byte':>25}"
    columns = f" {'model':>8}{'backoff':>9}{'network':>9}"
    yield f"{'language':12} {'places':>7}{columns}{columns}"
    for language, own in sorted(examples.items()):
        if own:
            found = [
                score(own, probabilities.of_model, backoff),
                score(own, probabilities.of_mixture, backoff),
                score(own, probabilities.of_mixture, network),
            ]
            exact, bits = zip(*found, strict=True)
            yield f"{language:12} {len(own):7}" + "".join(f"{value:9.3f}" for value in (*exact, *bits))


def score(examples: Iterable[Example], chances: Chances, mixer: Mixer) -> tuple[float, float]:
    """The share of the examples of which each token is the likeliest, and the bits for each byte of all of them."""
    is_exact: list[bool] = []
    bits = size_bytes = 0.0
    for example in examples:
        is_right: list[bool] = []
        for step, logits in example.with_logits():
            found = chances(step, logits, mixer)
            bits -= float(numpy.log2(found[step.truth] + _LEAST))
            is_right.append(int(numpy.argmax(found)) == step.truth)
        is_exact.append(all(is_right))
        size_bytes += example.size_bytes
    return sum(is_exact) / len(is_exact), bits / size_bytes
