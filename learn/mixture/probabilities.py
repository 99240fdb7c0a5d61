"""What the model alone, and the mixture, think of every token before one of the truth. All tokens that end a line count
together, as the newline's."""

from __future__ import annotations

import numpy

from ...model.decoding.copying.kernels import mix
from ...model.decoding.copying.mixture import Mixer
from .evidence import Step


def of_model(step: Step, logits: numpy.ndarray, mixer: Mixer) -> numpy.ndarray:
    """The model's probabilities among the allowed tokens, shape (vocabulary,)."""
    among = logits
    if step.allowed is not None:
        among = numpy.full_like(logits, -numpy.inf)
        among[step.allowed] = logits[step.allowed]
    plain = numpy.exp(among - among.max())
    plain /= plain.sum()
    return _with_one_end(plain, mixer)


def of_mixture(step: Step, logits: numpy.ndarray, mixer: Mixer) -> numpy.ndarray:
    """The same of the mixture."""
    return _with_one_end(numpy.exp(mix(mixer.model, step.next(logits), step.evidence.candidates())), mixer)


def _with_one_end(probabilities: numpy.ndarray, mixer: Mixer) -> numpy.ndarray:
    ends = probabilities[mixer.model.line_ends].sum()
    probabilities[mixer.model.line_ends] = 0
    probabilities[mixer.newline] = ends
    return probabilities
