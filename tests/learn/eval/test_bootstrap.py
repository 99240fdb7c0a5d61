"""Intervals: as wide as theory says, the same each time, and paired."""

from __future__ import annotations

import numpy as np
import pytest
from seekline.learn.eval.bootstrap import Estimate, Ratios, differences, estimates


def of(*rows: list[float]) -> Ratios:
    above = np.array(rows, dtype=np.float64)
    return Ratios(above=above, below=np.ones_like(above))


def test_a_share_has_the_interval_of_the_normal_distribution() -> None:
    right = [1.0] * 120 + [0.0] * 280
    (found,) = estimates(of(right))
    error = 1.96 * (0.3 * 0.7 / 400) ** 0.5
    assert found.value == 0.3
    assert found.low == pytest.approx(0.3 - error, abs=0.01)
    assert found.high == pytest.approx(0.3 + error, abs=0.01)
    assert estimates(of(right)) == [found]


def test_what_is_the_same_everywhere_has_no_spread() -> None:
    assert estimates(of([1.0] * 9, [0.0] * 9)) == [
        Estimate(value=1.0, low=1.0, high=1.0),
        Estimate(value=0.0, low=0.0, high=0.0),
    ]


def test_a_ratio_without_anything_below_the_line_says_nothing() -> None:
    ratios = Ratios(above=np.zeros((2, 3)), below=np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))
    nothing, little = estimates(ratios)
    assert nothing == Estimate(value=None)
    assert little == Estimate(value=0.0, low=0.0, high=0.0)


def test_differences_are_paired() -> None:
    """Both vary widely from place to place, and one is better by the same at each."""
    first = list(np.linspace(0, 0.8, 50))
    better = [value + 0.1 for value in first]
    assert differences(of(better), of(first)) == [Estimate(value=0.1, low=0.1, high=0.1)]
    (own,) = estimates(of(better))
    assert own.low is not None
    assert own.high is not None
    assert own.high - own.low > 0.1


def test_a_difference_that_may_be_none_has_zero_in_its_interval() -> None:
    draw = np.random.default_rng(1)
    first = draw.integers(2, size=100).astype(float)
    other = draw.permutation(first)
    (found,) = differences(of(list(other)), of(list(first)))
    assert found.value == 0
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0 < found.high
