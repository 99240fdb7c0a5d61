"""Whether an adapter is worth keeping: it has to help on files that it has not seen, and to harm no other code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from .adapted import Adapted
from .options import LEAST_FALL, MOST_HARM
from .rows import Row

SCALES = (1.0, 0.7, 0.5, 0.35, 0.25)
"""Of what the adapter adds. A weaker one forgets less than it gives up (Wortsman et al. 2022, "Robust fine-tuning of
zero-shot models"): the strongest that does no harm is taken."""
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Of a loss in nats per token, and of how many tokens of how many samples and files it is the mean. `low`, `high`:
    of the relative change, the middle 95 % of what resampling the files gives."""

    before: float
    after: float
    relative: float
    low: float
    high: float
    tokens: int
    samples: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`scale`: of what the adapter adds."""

    held_out: Change
    elsewhere: Change
    scale: float

    @property
    def is_gain(self) -> bool:
        return self.held_out.relative <= -LEAST_FALL and self.elsewhere.relative <= MOST_HARM

    @property
    def line(self) -> str:
        """All of it in one sentence."""
        held_out, elsewhere = self.held_out, self.elsewhere
        weaker = "" if self.scale == 1 else f", at {self.scale:g} of its strength"
        return (
            f"{'Gain' if self.is_gain else 'No gain'}{weaker}: held-out loss {held_out.before:.4f} -> "
            f"{held_out.after:.4f} ({held_out.relative:+.1%}), elsewhere {elsewhere.before:.4f} -> "
            f"{elsewhere.after:.4f} ({elsewhere.relative:+.1%})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """The sum of each row's losses without the adapter, in nats."""

    held_out: Sequence[float]
    elsewhere: Sequence[float]


def judge(
    adapted: Adapted, tensors: Mapping[str, Tensor], before: Losses, held_out: Sequence[Row], elsewhere: Sequence[Row]
) -> Verdict:
    """Measures an adapter, which then is the one in force: weaker, where it would do harm at full strength."""
    first: Verdict | None = None
    for scale in SCALES:
        adapted.set_adapter(tensors, scale)
        found = Verdict(
            held_out=change(before.held_out, adapted.losses(held_out), held_out),
            elsewhere=change(before.elsewhere, adapted.losses(elsewhere), elsewhere),
            scale=scale,
        )
        if found.is_gain:
            return found
        first = first or found
        if found.held_out.relative > -LEAST_FALL:
            break  # a weaker one brings less still
    assert first is not None
    return first


def change(before: Sequence[float], after: Sequence[float], rows: Sequence[Row]) -> Change:
    """`before`, `after`: the sum of each row's losses."""
    files = sorted({row.file for row in rows})
    number = {file: index for index, file in enumerate(files)}
    sums = np.zeros((3, len(files)))
    for old, new, row in zip(before, after, rows, strict=True):
        sums[:, number[row.file]] += (old, new, row.targets)
    old, new, tokens = (float(total) for total in sums.sum(axis=1))
    draw = np.random.default_rng(0)
    drawn = sums[:, draw.integers(len(files), size=(_RESAMPLES, len(files)))].sum(axis=2)
    low, high = np.quantile(drawn[1] / drawn[0] - 1, (0.025, 0.975)).tolist()
    return Change(
        before=old / tokens,
        after=new / tokens,
        relative=new / old - 1,
        low=low,
        high=high,
        tokens=int(tokens),
        samples=len(rows),
        files=len(files),
    )
