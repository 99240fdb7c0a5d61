"""The training run: its budget, its checkpoints and its log. It can be killed at any time and goes on when run again.

Files of the output folder: checkpoint.pt (weights, optimizers, how far it got) and log.jsonl (a line every few steps).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..model.loading.hardware import find_device
from .errors import Diverged
from .files import written_whole
from .learner import Learner, rate_factor
from .recipe import Recipe, Run
from .rows import Steps, batches
from .samples import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run got. `seconds`: spent in training, over all its sittings."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0


def train(folder: Path, steps: Steps, recipe: Recipe, run: Run, report: Callable[[str], None]) -> Progress:
    """Trains until the budget of `run` is spent, from the last checkpoint if there is one.

    Where it was spent before, nothing is touched. Raises `Diverged`, `UnsupportedDevice` for a device that is not here,
    and `OtherModel` where the recipe starts from a model of another shape.
    """
    if run.threads:
        torch.set_num_threads(run.threads)
    torch.set_float32_matmul_precision("high")
    learner = Learner(recipe, find_device(run.device))
    if recipe.start is not None:
        learner.start_from(Path(recipe.start) / "model.safetensors")
    progress = _restore(folder / "checkpoint.pt", learner)
    if budget_share(progress, run) >= 1:
        return progress
    report(f"{learner.model.num_parameters():,} parameters, from step {progress.step} on")
    log = _Log(folder / "log.jsonl", progress, report)
    return _spend_budget(folder, learner, steps, recipe, run, progress, log)


def budget_share(progress: Progress, run: Run) -> float:
    """How much of the budget is spent: of the steps if they are limited, else of the time."""
    return progress.step / run.steps if run.steps else progress.seconds / (run.minutes * 60)


def _spend_budget(
    folder: Path, learner: Learner, steps: Steps, recipe: Recipe, run: Run, progress: Progress, log: _Log
) -> Progress:
    upcoming = batches(steps, progress.step, run.workers)
    # The first batch is awaited before the clock starts: the workers have to read the corpus.
    batch = next(upcoming)
    started = time.monotonic() - progress.seconds
    saved = time.monotonic()
    while (share := budget_share(progress, run)) < 1:
        log.add(learner.learn(batch, progress.step, share))
        batch = next(upcoming)
        progress = Progress(
            step=progress.step + 1,
            tokens=progress.tokens + recipe.rows_per_step * recipe.shape.row_tokens,
            seconds=time.monotonic() - started,
        )
        is_last = budget_share(progress, run) >= 1
        is_save_due = is_last or time.monotonic() - saved >= run.save_minutes * 60
        if is_save_due or progress.step % run.log_steps == 0:
            log.write(progress, rate_factor(share, recipe.rates))
        if is_save_due:
            # Only behind a line of the log, which raises where the loss was no number.
            _save(folder / "checkpoint.pt", learner, progress)
            saved = time.monotonic()
    return progress


def _save(path: Path, learner: Learner, progress: Progress) -> None:
    state = learner.state() | {"step": progress.step, "tokens": progress.tokens, "seconds": progress.seconds}
    with written_whole(path) as draft:
        torch.save(state, draft)


def _restore(path: Path, learner: Learner) -> Progress:
    if not path.is_file():
        return Progress()
    state = torch.load(path, map_location="cpu", weights_only=True)
    learner.restore(state)
    return Progress(step=state["step"], tokens=state["tokens"], seconds=state["seconds"])


class _Log:
    """log.jsonl, as if the run had never been stopped: what lies behind the checkpoint is taken back first."""

    def __init__(self, path: Path, progress: Progress, report: Callable[[str], None]) -> None:
        self._path = path
        self._report = report
        self._last = progress
        self._sums: Tensor | None = None
        rows = _rows(path) if path.is_file() else []
        with written_whole(path) as draft, draft.open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row) + "\n" for row in rows if row["step"] <= progress.step)

    def add(self, sums: Tensor) -> None:
        """Sums stay on the device until a line is written: to fetch them would make the host wait at every step."""
        self._sums = sums if self._sums is None else self._sums + sums

    def write(self, progress: Progress, rate: float) -> None:
        """Raises `Diverged` where a loss is no number."""
        sums = self._sums.tolist() if self._sums is not None else []
        if not all(math.isfinite(value) for row in sums for value in row):
            raise Diverged(
                f"The loss is no number any more, between steps {self._last.step} and {progress.step}.",
                "Run again with a lower --muon-rate or --embedding-rate and another --out.",
            )
        seconds = progress.seconds - self._last.seconds
        row = {
            "step": progress.step,
            "tokens": progress.tokens,
            "seconds": round(progress.seconds, 1),
            "tokens_per_second": round((progress.tokens - self._last.tokens) / seconds),
            "rate": round(rate, 4),
            **_losses(sums),
        }
        with self._path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")
        self._last, self._sums = progress, None
        self._report(json.dumps(row))


def _losses(sums: list[list[float]]) -> dict[str, float]:
    """Nats per kind of target, and the share of middles whose first token was right."""
    losses = {
        f"{kind.name.lower()}_loss": round(sums[kind][0] / sums[kind][2], 4)
        for kind in Target
        if kind is not Target.NONE and sums[kind][2]
    }
    _, right, number = sums[Target.FIRST]
    return losses | {"first_right": round(right / number, 4)} if number else losses


def _rows(path: Path) -> list[dict[str, Any]]:
    """The whole lines of the log; the last one may have been cut short."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.endswith("}")]
