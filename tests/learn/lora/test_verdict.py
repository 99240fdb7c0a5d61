"""The rule: a fall of 2 % on held-out files, no more than 1 % worse elsewhere, or nothing is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from seekline.learn.lora.rows import Row
from seekline.learn.lora.verdict import SCALES, Losses, Verdict, change, judge


def row(file: str, targets: int) -> Row:
    return Row(ids=np.arange(targets + 3, dtype=np.int32), first=3, file=file)


HELD_OUT = [row("a", 10), row("a", 30), row("b", 60)]
ELSEWHERE = [row("c", 50), row("d", 50)]
BEFORE = Losses(held_out=[20.0, 60.0, 120.0], elsewhere=[100.0, 100.0])


class Scaled:
    """An adapter that changes both losses by what each strength is said to."""

    def __init__(self, held_out: Mapping[float, float], elsewhere: Mapping[float, float]) -> None:
        self._changes = (held_out, elsewhere)
        self.scale = -1.0

    def set_adapter(self, tensors: object, scale: float = 1.0) -> None:
        self.scale = scale

    def losses(self, rows: Sequence[Row]) -> list[float]:
        number = int(rows[0].file not in "ab")
        before = (BEFORE.held_out, BEFORE.elsewhere)[number]
        return [loss * (1 + self._changes[number][self.scale]) for loss in before]


def judged(held_out: Sequence[float], elsewhere: Sequence[float]) -> tuple[Verdict, float]:
    """By changes at each strength."""
    adapted: Any = Scaled(dict(zip(SCALES, held_out, strict=False)), dict(zip(SCALES, elsewhere, strict=False)))
    return judge(adapted, {}, BEFORE, HELD_OUT, ELSEWHERE), adapted.scale


@pytest.mark.parametrize(
    ("held_out", "elsewhere", "is_gain"),
    [
        (-0.0201, 0.0099, True),
        (-0.0199, 0.0, False),
        (-0.3, -0.1, True),
        (0.1, -0.1, False),
    ],
)
def test_the_rule(held_out: float, elsewhere: float, is_gain: bool) -> None:
    verdict, _ = judged([held_out], [elsewhere])
    assert verdict.is_gain is is_gain
    assert verdict.line.startswith("Gain: " if is_gain else "No gain: ")
    assert f"({held_out:+.1%})" in verdict.line
    assert f"({elsewhere:+.1%})" in verdict.line


def test_what_does_harm_is_made_weaker() -> None:
    verdict, scale = judged([-0.2, -0.15, -0.1, -0.05, -0.03], [0.05, 0.02, 0.009, 0.0, 0.0])
    assert verdict.is_gain
    assert verdict.scale == scale == 0.5
    assert verdict.line.startswith("Gain, at 0.5 of its strength: ")


def test_harm_at_any_strength_is_told_of_the_whole() -> None:
    verdict, _ = judged([-0.2, -0.15, -0.1, -0.05, -0.03], [0.5, 0.4, 0.3, 0.2, 0.1])
    assert (verdict.is_gain, verdict.scale, verdict.elsewhere.relative) == (False, 1.0, pytest.approx(0.5))
    verdict, scale = judged([-0.04, -0.01], [0.5, 0.4])
    assert (verdict.is_gain, verdict.scale, scale) == (False, 1.0, 0.7), "weaker than that brings less still"


def test_a_change() -> None:
    """Of nats per token, all tokens alike; how sure it is follows from the files."""
    found = change([20.0, 60.0, 120.0], [10.0, 30.0, 114.0], HELD_OUT)
    assert (found.before, found.after) == (2.0, 1.54)
    assert (found.relative, found.low, found.high) == pytest.approx((-0.23, -0.5, -0.05))
    assert (found.tokens, found.samples, found.files) == (100, 3, 2)
