"""From a file of samples to an adapter that is in force, or to "no gain": the steps in their order.

OUT/recipe.json      every choice, so that no other training goes on here
OUT/elsewhere.jsonl  samples of other code
OUT/before.json      what the base loses on what is measured
OUT/checkpoint.pt    the training
OUT/report.json      what it came to; with it, the training is over
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch

from ...model.catalogue.base_identity import base_digest
from ...model.catalogue.learned import GAINS, learned_folder, publish
from ...model.loading.hardware import compute_threads, find_device
from ..data.sample import write_sample
from ..errors import NoSamples
from ..files import written_in, written_whole
from ..recipe import keep_choices
from ..repository import Prompter, Repository
from .adapted import Adapted
from .base import Base, check_installed
from .elsewhere import draw_elsewhere
from .folder import ADAPTER, BEFORE, ELSEWHERE, clear, report_in
from .held_out import HeldOut, hold_out
from .memory import fit
from .options import Options, Run
from .report import REPORT, Report, machine, speed, versions, write_report
from .rows import Encoder, Row
from .samples_file import Split, Survey, read_rows, samples_in, survey
from .train import CHECKPOINT, Start, Status, Training, loss_per_token, saved_in, schedule
from .verdict import Losses, Verdict, judge

LEAST_ELSEWHERE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to learn, and for what. `samples`: a file of them. `repository`: what they are of, for which the adapter is
    kept. `elsewhere`: other code, shown by `prompter`."""

    samples: Path
    repository: Path
    base: Base
    elsewhere: Sequence[Repository]
    prompter: Prompter


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who is told: `stage` what begins, `status` how the training is doing."""

    stage: Callable[[str], None]
    status: Callable[[Status], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    """What is learned from and measured on. `choices`: the recipe. `files`: what the report says of them."""

    split: Split
    elsewhere: Sequence[Row]
    choices: dict[str, Any]
    files: dict[str, Any]


def learn_adapter(out: Path, task: Task, options: Options, run: Run, watch: Watch, *, restart: bool = False) -> Report:
    """Trains until the budget is spent, from where it was stopped; where it is over already, says what it came to.

    Raises `ModelError`s.
    """
    check_installed()
    watch.stage("reading the samples")
    surveyed = survey(task.samples)
    options = replace(options, row_tokens=min(options.row_tokens, task.base.checkpoint.context_tokens))
    choices = {
        "options": asdict(options),
        "base": {"name": task.base.source.name, "identity": base_digest(task.base.source.path)},
        "samples": {"digest": surveyed.digest, "number": sum(surveyed.samples.values())},
        "elsewhere": [str(repository.root) for repository in task.elsewhere],
    }
    choices = json.loads(json.dumps(choices))
    before = _begin(out, choices, restart=restart)
    if before is not None:
        return before
    held_out = hold_out(surveyed.changed, options.held_out, options.held_out_share, surveyed.groups)
    encoder = Encoder(task.base.tokenizer, task.base.end, options.row_tokens)
    split = read_rows(task.samples, surveyed, held_out, options.measured, encoder)
    files = _files(surveyed, held_out, split, encoder)
    elsewhere = _elsewhere(out, task, options, encoder, watch)
    material = _Material(split=split, elsewhere=elsewhere, choices=choices, files=files)
    return _train(out, task, options, run, watch, material)


def _begin(out: Path, choices: dict[str, Any], *, restart: bool) -> Report | None:
    """Makes the folder ready; what is over already is told again. Raises `RecipeChanged` for a training that is under
    way with other choices, and `NoTraining` for a folder of something else."""
    with written_in(out):
        report = report_in(out, restart=restart)
    if report is not None and not restart:
        is_there = report.adapter is None or Path(report.adapter).is_dir()
        if report.choices == choices and is_there:
            return report
    with written_in(out):
        if restart or report is not None:
            clear(out)
        keep_choices(out, choices, "Give the same options and samples as before, or --restart.")
        (out / REPORT).unlink(missing_ok=True)
    return None


def _train(out: Path, task: Task, options: Options, run: Run, watch: Watch, material: _Material) -> Report:
    held_out, elsewhere = material.split.held_out, material.elsewhere
    threads = run.threads or compute_threads()
    torch.set_num_threads(threads)
    fits = fit(task.base.checkpoint, options, find_device(run.device), qlora=run.qlora)
    watch.stage(f"loading {task.base.source.name}")
    adapted = Adapted(task.base, options, fits)
    watch.stage("measuring the model as it is")
    before, seconds = _losses_before(out, adapted, held_out, elsewhere)
    watch.stage("training")
    plan = schedule(material.split.training, options)
    start = Start(held_out=loss_per_token(before.held_out, held_out), seconds=seconds)
    trained = Training(out, adapted, plan, held_out, start, options, run, watch.status).train()
    watch.stage("measuring the adapter")
    verdict = judge(adapted, trained.adapter, before, held_out, elsewhere)
    report = Report(
        date=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        machine=machine(fits, threads),
        versions=versions(),
        choices=material.choices,
        files={**material.files, "adapter_parameters": adapted.parameters},
        points=trained.progress.points,
        seconds=round(trained.progress.seconds, 1),
        tokens=trained.progress.tokens,
        tokens_per_second=speed(trained.progress),
        why=trained.why,
        verdict=verdict,
        adapter=str(_keep(out, task, adapted, verdict)) if verdict.is_gain else None,
    )
    with written_in(out):
        write_report(out, report)
        if report.adapter is not None:
            write_report(Path(report.adapter), report)
    (out / CHECKPOINT).unlink(missing_ok=True)
    return report


def _losses_before(
    out: Path, adapted: Adapted, held_out: Sequence[Row], elsewhere: Sequence[Row]
) -> tuple[Losses, float]:
    """What the base loses, measured once, and in how many seconds it was measured on the held-out samples."""
    path = out / BEFORE
    if not path.is_file():
        started = time.monotonic()
        found: dict[str, Any] = {"held_out": adapted.losses(held_out)}
        found["seconds"] = time.monotonic() - started
        found["elsewhere"] = adapted.losses(elsewhere)
        with written_in(out), written_whole(path) as draft:
            draft.write_text(json.dumps(found), "utf-8")
    kept = json.loads(path.read_text("utf-8"))
    return Losses(held_out=kept["held_out"], elsewhere=kept["elsewhere"]), kept["seconds"]


def _elsewhere(out: Path, task: Task, options: Options, encoder: Encoder, watch: Watch) -> list[Row]:
    """Rows of other code, drawn once. Raises `NoSamples` where there is too little of it."""
    path = out / ELSEWHERE
    if not path.is_file():
        each = max(1, options.measured // len(task.elsewhere))
        with (
            written_in(out),
            written_whole(path) as draft,
            draft.open("w", encoding="utf-8", errors="backslashreplace") as lines,
        ):
            for repository in task.elsewhere:
                watch.stage(f"reading other code: {repository.root}")
                for sample in draw_elsewhere(repository, task.prompter, each, options.seed):
                    write_sample(sample, lines)
    rows = [row for row in map(encoder.row, samples_in(path)) if row is not None]
    if len(rows) < min(LEAST_ELSEWHERE, options.measured):
        path.unlink()
        names = ", ".join(str(repository.root) for repository in task.elsewhere)
        raise NoSamples(
            f"Only {len(rows)} samples of other code were found in {names}; {LEAST_ELSEWHERE} are the least.",
            "Name another folder with code, that is not this repository's: --elsewhere DIR.",
        )
    return rows


def _keep(out: Path, task: Task, adapted: Adapted, verdict: Verdict) -> Path:
    """Puts the adapter in force."""
    draft = out / ADAPTER
    with saved_in(out):
        shutil.rmtree(draft, ignore_errors=True)
        adapted.save(draft)
        (draft / GAINS).write_text(json.dumps(asdict(verdict)), "utf-8")
        path = task.base.source.path
        return publish(learned_folder(task.repository, path), draft, repository=task.repository, base=path)


def _files(surveyed: Survey, held_out: HeldOut, split: Split, encoder: Encoder) -> dict[str, Any]:
    return {
        "files": len(surveyed.samples),
        "held_out_by": held_out.by,
        "held_out_files": sorted(path for _, path in held_out.files),
        "held_out_samples": len(split.held_out),
        "training_samples": len(split.training),
        "training_tokens": sum(len(row.ids) for row in split.training),
        "training_targets": sum(row.targets for row in split.training),
        "cut_prompts": encoder.cut,
        "dropped_samples": encoder.dropped,
    }
