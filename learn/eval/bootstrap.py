"""How far figures of other places like these would be apart: percentile bootstrap intervals (Efron, 1979).

Places are drawn again from themselves, always in the same way, so that differences at the same places are paired.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
_AT_ONCE = 100
_SEED = 7
_BOUNDS = (2.5, 97.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure and the bounds of its 95 % interval; None where it says nothing: there was nothing to count."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratios:
    """Ratios of sums: what each place adds above and below the line, [figures, places]."""

    above: NDArray[np.float64]
    below: NDArray[np.float64]


def estimates(ratios: Ratios) -> list[Estimate]:
    """Of each figure."""
    return [_estimate(*pair) for pair in zip(_values(ratios), _resampled(ratios).T, strict=True)]


def differences(ratios: Ratios, others: Ratios) -> list[Estimate]:
    """How much larger each figure is than another at the same places."""
    values = _values(ratios) - _values(others)
    resampled = _resampled(ratios) - _resampled(others)
    return [_estimate(*pair) for pair in zip(values, resampled.T, strict=True)]


def _values(ratios: Ratios) -> NDArray[np.float64]:
    return _divided(ratios.above.sum(axis=1), ratios.below.sum(axis=1))


def _resampled(ratios: Ratios) -> NDArray[np.float64]:
    """[resamples, figures]; the same places are drawn for the same number of places."""
    draw = np.random.default_rng(_SEED)
    places = ratios.above.shape[1]
    parts: list[NDArray[np.float64]] = []
    for _ in range(RESAMPLES // _AT_ONCE):
        drawn = draw.integers(places, size=(_AT_ONCE, places))
        times = np.stack([np.bincount(row, minlength=places) for row in drawn]).astype(np.float64)
        parts.append(_divided(times @ ratios.above.T, times @ ratios.below.T))
    return np.concatenate(parts)


def _divided(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Not a number where nothing is below the line."""
    return np.divide(above, below, out=np.full(below.shape, np.nan), where=below > 0)


def _estimate(value: np.float64, resampled: NDArray[np.float64]) -> Estimate:
    known = resampled[~np.isnan(resampled)]
    if np.isnan(value) or not len(known):
        return Estimate(value=None)
    low, high = np.percentile(known, _BOUNDS)
    return Estimate(value=round(float(value), 4), low=round(float(low), 4), high=round(float(high), 4))
