"""The fitted weights of a mixture as a file, believed only where they are what `learn/mixture` writes."""

from __future__ import annotations

from pathlib import Path

import numpy

from .. import outside
from ..catalogue.tensor_file import header_of
from ..decoding.copying.mixture_weights import MixtureWeights
from ..decoding.copying.native import FEATURES, MOST_HIDDEN, ORDERS, SOURCES
from ..errors import BrokenCheckpoint

_NEVER_NEGATIVE = ("weight", "constant", "per_kind")


def read_mixture(path: Path) -> MixtureWeights:
    """Raises `BrokenCheckpoint` and `UnreadableFile`."""
    found: dict[str, numpy.ndarray] = {}
    with outside.open_file(path) as file:
        tensors = header_of(file, path).tensors
        hidden = tensors["second"].shape[0] if "second" in tensors and tensors["second"].shape else 1
        if not 0 < hidden <= MOST_HIDDEN:
            raise _broken(path, f"has a network of {hidden:,} units, not of 1 to {MOST_HIDDEN}")
        for name, shape in _shapes(hidden).items():
            tensor = tensors.get(name)
            if tensor is None:
                raise _broken(path, f"has no tensor {name!r}")
            if (tensor.dtype, tensor.shape) != ("F32", shape):
                raise _broken(path, f"has {name!r} as {tensor.dtype} {tensor.shape}, not as F32 {shape}")
            file.seek(tensor.start)
            values = numpy.frombuffer(file.read(tensor.size_bytes), dtype="<f4").reshape(shape)
            if not numpy.isfinite(values).all() or (name in _NEVER_NEGATIVE and values.min() < 0):
                raise _broken(path, f"has numbers in {name!r} that no fit gives")
            found[name] = values
    return MixtureWeights(**found)


def _shapes(hidden: int) -> dict[str, tuple[int, ...]]:
    """As `MixtureWeights` has them."""
    return {
        "weight": (ORDERS, SOURCES),
        "constant": (ORDERS,),
        "per_kind": (ORDERS,),
        "mean": (FEATURES,),
        "scale": (FEATURES,),
        "first": (FEATURES, hidden),
        "first_bias": (hidden,),
        "second": (hidden,),
        "rest": (2,),
    }


def _broken(path: Path, what: str) -> BrokenCheckpoint:
    return BrokenCheckpoint(
        f"{path} {what}.", "Download the model again, or take this file away: the model works without copies, too."
    )
