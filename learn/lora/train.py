"""The training: its budget, its checkpoints, when it stops. It can be killed at any time and goes on when run again.

The file that it keeps, checkpoint.pt, has the adapter, its optimizer, how far it got, and the best adapter so far.
"""

from __future__ import annotations

import errno
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import Diverged
from ..files import written_in, written_whole
from .adapted import Adapted
from .options import Options, Run
from .rows import Row, steps_in

CHECKPOINT = "checkpoint.pt"
_MEASURING_SHARE = 0.25
"""Of the minutes, for the held-out loss."""
_LEAST_EVALUATIONS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What was measured after `step` steps. `loss`: of training since the point before; None at the start. `held_out`:
    nats per token."""

    step: int
    epoch: float
    tokens: int
    seconds: float
    loss: float | None
    held_out: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a training is doing, many times a minute. `share`: of its budget."""

    share: float
    loss: float | None
    held_out: float | None
    tokens_per_second: float
    seconds_left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a training got. `seconds`: spent in it, over all its sittings. `nats`: of the steps since the last point,
    `since`: how many. `evaluations`: how often the budget has time to measure. `best`: the point with the lowest
    held-out loss. `pass_tokens`: that memory has room for."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    nats: float = 0.0
    since: int = 0
    points: tuple[Point, ...] = ()
    evaluations: int = 0
    pass_tokens: int | None = None

    @property
    def best(self) -> Point:
        return min(self.points, key=lambda point: point.held_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """`adapter`: of the best point. `why`: it ended."""

    progress: Progress
    adapter: Mapping[str, Tensor]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What was measured before the first step. `held_out`: the base's loss in nats per token; `seconds`: that took."""

    held_out: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Which rows each step sees, over all epochs."""

    rows: Sequence[Row]
    steps: tuple[tuple[int, ...], ...]
    epochs: int

    def at(self, step: int) -> list[Row]:
        return [self.rows[number] for number in self.steps[step]]


def schedule(rows: Sequence[Row], options: Options) -> Schedule:
    steps: list[tuple[int, ...]] = []
    for epoch in range(options.epochs):
        steps += steps_in(rows, options.batch_tokens, options.seed, epoch)
    return Schedule(rows=rows, steps=tuple(steps), epochs=options.epochs)


def loss_per_token(sums: Sequence[float], rows: Sequence[Row]) -> float:
    return sum(sums) / sum(row.targets for row in rows)


class Training:
    """One training in a folder, from its last checkpoint on."""

    def __init__(
        self,
        folder: Path,
        adapted: Adapted,
        plan: Schedule,
        held_out: Sequence[Row],
        start: Start,
        options: Options,
        run: Run,
        show: Callable[[Status], None],
    ) -> None:
        self._path = folder / CHECKPOINT
        self._adapted = adapted
        self._plan = plan
        self._held_out = held_out
        self._start = start
        self._options = options
        self._run = run
        self._show = show
        self._progress = Progress()
        self._best: Mapping[str, Tensor] = {}
        self._restore()
        self._started = time.monotonic() - self._progress.seconds

    def train(self) -> Trained:
        """Spends the budget, or as much of it as brings anything. Raises `Diverged`, `OutOfMemory`, `NotWritten`."""
        if not self._progress.points:
            self._begin()
        saved = time.monotonic()
        sitting = (time.monotonic(), self._progress)
        while (why := self._why_end()) is None:
            self._step()
            if self._is_point_due():
                self._measure()
                saved = time.monotonic()
            elif time.monotonic() - saved >= self._run.save_seconds:
                self._save()
                saved = time.monotonic()
            self._tell(*sitting)
        return Trained(progress=self._progress, adapter=self._best, why=why)

    def _begin(self) -> None:
        """Knows by how long it took to measure once how often there is time to."""
        most, minutes = self._options.evaluations, self._run.minutes
        if minutes:
            times = int(_MEASURING_SHARE * minutes * 60 / max(self._start.seconds, 1e-3))
            most = max(_LEAST_EVALUATIONS, min(most, times))
        self._progress = replace(self._progress, evaluations=most)
        self._add_point(self._start.held_out)

    def _step(self) -> None:
        progress, options = self._progress, self._options
        rows = self._plan.at(progress.step)
        rate = options.rate * rate_factor(self._share(), options.warm_up_share)
        # Another seed for the dropout of each step and of each pass in it.
        loss = self._adapted.learn(rows, rate=rate, seed=(options.seed * 1_000_003 + progress.step) * 1024)
        if not math.isfinite(loss):
            raise Diverged(
                f"The loss is no number any more, at step {progress.step}.",
                f"Run again with a rate lower than {options.rate:g} (--rate) and --restart.",
            )
        self._progress = replace(
            progress,
            step=progress.step + 1,
            tokens=progress.tokens + sum(len(row.ids) for row in rows),
            seconds=time.monotonic() - self._started,
            nats=progress.nats + loss,
            since=progress.since + 1,
            pass_tokens=self._adapted.pass_tokens,
        )

    def _measure(self) -> None:
        held_out = loss_per_token(self._adapted.losses(self._held_out), self._held_out)
        if not math.isfinite(held_out):
            raise Diverged(
                f"The held-out loss is no number, at step {self._progress.step}.",
                f"Run again with a rate lower than {self._options.rate:g} (--rate) and --restart.",
            )
        self._add_point(held_out)

    def _add_point(self, held_out: float) -> None:
        """And keeps it: an adapter that turns out to be the best is never lost."""
        progress, seconds = self._progress, time.monotonic() - self._started
        point = Point(
            step=progress.step,
            epoch=round(progress.step * self._plan.epochs / len(self._plan.steps), 3),
            tokens=progress.tokens,
            seconds=round(seconds, 1),
            loss=progress.nats / progress.since if progress.since else None,
            held_out=held_out,
        )
        self._progress = replace(progress, points=(*progress.points, point), nats=0.0, since=0, seconds=seconds)
        if self._progress.best is point:
            self._best = self._adapted.adapter()
        self._save()

    def _share(self) -> float:
        """How much of the budget is spent: of the steps or of the time, whichever is more."""
        by_steps = self._progress.step / len(self._plan.steps)
        minutes = self._run.minutes
        return min(1.0, max(by_steps, self._progress.seconds / (minutes * 60) if minutes else 0.0))

    def _is_point_due(self) -> bool:
        """So many times, evenly over the budget, and at its end."""
        share = self._share()
        return share >= 1 or share * self._progress.evaluations >= len(self._progress.points)

    def _why_end(self) -> str | None:
        points, patience = self._progress.points, self._options.patience
        if self._share() >= 1 and points[-1].step == self._progress.step:
            return "the epochs are done" if self._progress.step == len(self._plan.steps) else "the time is up"
        if len(points) - 1 - points.index(self._progress.best) >= patience:
            return f"the held-out loss did not fall {patience} times in a row"
        return None

    def _tell(self, started: float, before: Progress) -> None:
        progress, share = self._progress, self._share()
        seconds = time.monotonic() - started
        done = share - max(before.step / len(self._plan.steps), 0.0)
        self._show(
            Status(
                share=share,
                loss=progress.nats / progress.since if progress.since else progress.points[-1].loss,
                held_out=progress.points[-1].held_out,
                tokens_per_second=(progress.tokens - before.tokens) / max(seconds, 1e-3),
                seconds_left=seconds * (1 - share) / done if done > 0 else None,
            )
        )

    def _save(self) -> None:
        state = {**self._adapted.state(), "best": dict(self._best), "progress": asdict(self._progress)}
        with saved_in(self._path.parent), written_whole(self._path) as draft:
            torch.save(state, draft)

    def _restore(self) -> None:
        if not self._path.is_file():
            return
        state: dict[str, Any] = torch.load(self._path, map_location="cpu", weights_only=True)
        self._adapted.restore(state)
        self._best = state["best"]
        points = tuple(Point(**point) for point in state["progress"]["points"])
        self._progress = Progress(**{**state["progress"], "points": points})
        if self._progress.pass_tokens is not None:
            self._adapted.pass_tokens = min(self._adapted.pass_tokens, self._progress.pass_tokens)


def rate_factor(share: float, warm_up_share: float) -> float:
    """The rate's share of its highest, when so much of the budget is spent: up, then evenly down to nothing."""
    rising = share / warm_up_share if warm_up_share else 1.0
    return max(0.02, min(rising, (1 - share) / (1 - warm_up_share)))


@contextmanager
def saved_in(folder: Path) -> Iterator[None]:
    """`written_in`, where torch saves: it tells of a full disk in words of its own."""
    with written_in(folder):
        try:
            yield
        except RuntimeError as error:
            if "write" not in str(error):
                raise
            raise OSError(errno.ENOSPC, str(error).splitlines()[0]) from error
