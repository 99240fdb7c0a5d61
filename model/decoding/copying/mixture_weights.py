"""The parameters of a mixture, and what it knows of a vocabulary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy

from .native import MixtureStructure


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MixtureWeights:
    """The fitted parameters, float32. `weight`: of a place by the bytes that agree and by source, shape (14, 3).
    `constant`, `per_kind`: how much shorter contexts count, shape (14,). `mean`, `scale`: of the features, shape (63,).
    `first`, `first_bias`, `second`: of the network, shapes (63, hidden), (hidden,) and (hidden,). `rest`: its last
    bias, and the weight of the backoff's log-probability, shape (2,)."""

    weight: numpy.ndarray
    constant: numpy.ndarray
    per_kind: numpy.ndarray
    mean: numpy.ndarray
    scale: numpy.ndarray
    first: numpy.ndarray
    first_bias: numpy.ndarray
    second: numpy.ndarray
    rest: numpy.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MixtureModel:
    """The weights with what they need to know of a vocabulary. `facts`: of each token's bytes, shape (vocabulary, 7).
    `line_ends`: the tokens that end a line. `plain_share`: of the model alone. `structure`: the same in C, whose memory
    this keeps."""

    weights: MixtureWeights
    facts: numpy.ndarray
    line_ends: numpy.ndarray
    newline: int
    plain_share: float
    structure: MixtureStructure
