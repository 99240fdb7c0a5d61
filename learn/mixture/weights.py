"""Weights before they are fitted, and as a file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy

from ...model.decoding.copying.mixture_weights import MixtureWeights
from ...model.decoding.copying.native import FEATURES, ORDERS, SOURCES
from ..files import written_whole


def untrained() -> MixtureWeights:
    """A mixture that counts every place alike, and whose network adds nothing."""
    return MixtureWeights(
        weight=_filled(1, ORDERS, SOURCES),
        constant=_filled(1, ORDERS),
        per_kind=_filled(1, ORDERS),
        mean=_filled(0, FEATURES),
        scale=_filled(1, FEATURES),
        first=_filled(0, FEATURES, 1),
        first_bias=_filled(0, 1),
        second=_filled(0, 1),
        rest=numpy.array([0, 1], dtype=numpy.float32),
    )


def write_weights(weights: MixtureWeights, path: Path) -> None:
    from safetensors.numpy import save_file

    tensors = {name: numpy.ascontiguousarray(values, dtype=numpy.float32) for name, values in asdict(weights).items()}
    with written_whole(path) as draft:
        save_file(tensors, draft)


def _filled(value: float, *shape: int) -> numpy.ndarray:
    return numpy.full(shape, value, dtype=numpy.float32)
