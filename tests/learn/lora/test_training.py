"""A training that is stopped goes on as if it had not been; it ends early where nothing is gained; nothing is lost."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lora_samples import habits
from seekline import model
from seekline.learn.errors import Diverged, NotWritten
from seekline.learn.lora.adapted import Adapted
from seekline.learn.lora.base import Base, find_base
from seekline.learn.lora.memory import fit
from seekline.learn.lora.options import Options, Run
from seekline.learn.lora.rows import Encoder, Row
from seekline.learn.lora.train import (
    CHECKPOINT,
    Start,
    Status,
    Trained,
    Training,
    loss_per_token,
    rate_factor,
    schedule,
)
from tiny_models import save_llama

pytest.importorskip("peft", reason="peft is not installed: `make test` installs it")
OPTIONS = Options(rank=4, row_tokens=256, batch_tokens=512, epochs=2, rate=1e-2, evaluations=4)
RUN = Run(minutes=None, save_seconds=0)


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    folder = save_llama(tmp_path_factory.mktemp("base") / "tiny", initializer_range=0.05)
    return find_base(str(folder), folder=folder)


@pytest.fixture(scope="module")
def rows(base: Base) -> list[Row]:
    encoder = Encoder(base.tokenizer, base.end, 256)
    return [row for row in map(encoder.row, habits()) if row is not None]


def train(
    base: Base,
    rows: list[Row],
    folder: Path,
    options: Options = OPTIONS,
    run: Run = RUN,
    show: Callable[[Status], None] = lambda _: None,
) -> Trained:
    adapted = Adapted(base, options, fit(base.checkpoint, options, model.find_device("cpu"), qlora=None))
    plan, held_out = schedule(rows[8:], options), rows[:8]
    return Training(folder, adapted, plan, held_out, start(base, held_out), options, run, show).train()


def start(base: Base, held_out: list[Row], seconds: float = 0.1) -> Start:
    adapted = Adapted(base, OPTIONS, fit(base.checkpoint, OPTIONS, model.find_device("cpu"), qlora=None))
    return Start(held_out=loss_per_token(adapted.losses(held_out), held_out), seconds=seconds)


def test_the_loss_falls(base: Base, rows: list[Row], tmp_path: Path) -> None:
    seen: list[Status] = []
    trained = train(base, rows, tmp_path, show=seen.append)
    points = trained.progress.points
    assert points[0].step == 0
    assert points[-1].epoch == 2
    assert len(points) == 1 + OPTIONS.evaluations
    assert points[-1].held_out < points[0].held_out - 0.5
    assert trained.why == "the epochs are done"
    assert [status.share for status in seen] == sorted(status.share for status in seen)
    assert seen[-1].share == 1
    assert all(status.tokens_per_second > 0 for status in seen)


def test_a_killed_training_goes_on(base: Base, rows: list[Row], tmp_path: Path) -> None:
    """Again and again, with dropout on: what comes out is the same bit by bit, and so is every figure but the time."""
    whole = train(base, rows, tmp_path / "whole")
    left = [3]

    def kill(_: Status) -> None:
        left[0] -= 1
        if left[0] == 0:
            left[0] = 3
            raise Killed

    killed, parts = 0, None
    while parts is None:
        try:
            parts = train(base, rows, tmp_path / "parts", show=kill)
        except Killed:
            killed += 1
    assert killed >= 3
    assert [(p.step, p.tokens, p.loss, p.held_out) for p in parts.progress.points] == [
        (p.step, p.tokens, p.loss, p.held_out) for p in whole.progress.points
    ]
    assert all(torch.equal(value, parts.adapter[name]) for name, value in whole.adapter.items())


def test_it_stops_where_nothing_is_gained(base: Base, rows: list[Row], tmp_path: Path) -> None:
    """And gives the best adapter back, not the last: what is measured here are ids in no order."""
    options = replace(OPTIONS, evaluations=8, patience=2)
    draw = np.random.default_rng(0)
    noise = [replace(row, ids=draw.permutation(4000)[: len(row.ids)].astype(np.int32)) for row in rows[:8]]
    fits = fit(base.checkpoint, options, model.find_device("cpu"), qlora=None)
    adapted = Adapted(base, options, fits)
    plan, before = schedule(rows[8:], options), start(base, noise)
    trained = Training(tmp_path, adapted, plan, noise, before, options, RUN, lambda _: None).train()
    points = trained.progress.points
    assert trained.why == "the held-out loss did not fall 2 times in a row"
    best = points.index(trained.progress.best)
    assert best == len(points) - 3 < options.evaluations - 2
    assert sum(adapted.losses(noise)) / sum(row.targets for row in noise) > points[best].held_out
    adapted.set_adapter(trained.adapter)
    held_out = sum(adapted.losses(noise)) / sum(row.targets for row in noise)
    assert held_out == pytest.approx(points[best].held_out, rel=1e-5)


def test_the_time_is_a_budget_too(base: Base, rows: list[Row], tmp_path: Path) -> None:
    trained = train(base, rows, tmp_path, run=replace(RUN, minutes=1e-6))
    assert trained.why == "the time is up"
    assert trained.progress.step <= 1
    assert trained.progress.points[-1].step == trained.progress.step


def test_measuring_has_its_share_of_the_time(base: Base, rows: list[Row], tmp_path: Path) -> None:
    """Of ten minutes, 150 s: three times 50 s, however long it takes here."""
    adapted = Adapted(base, OPTIONS, fit(base.checkpoint, OPTIONS, model.find_device("cpu"), qlora=None))
    plan, before = schedule(rows[8:], OPTIONS), start(base, rows[:8], seconds=50.0)
    run = replace(RUN, minutes=10.0)
    trained = Training(tmp_path, adapted, plan, rows[:8], before, OPTIONS, run, lambda _: None).train()
    assert len(trained.progress.points) == 1 + 3


def test_a_loss_that_is_no_number(base: Base, rows: list[Row], tmp_path: Path) -> None:
    with pytest.raises(Diverged, match=r"no number.*rate lower than 1e\+30"):
        train(base, rows, tmp_path, replace(OPTIONS, rate=1e30))


def test_a_full_disk(base: Base, rows: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One clear error; with room again it goes on from the checkpoint before."""
    steps = [0]

    def kill(_: Status) -> None:
        steps[0] += 1
        if steps[0] == 3:
            raise Killed

    with pytest.raises(Killed):
        train(base, rows, tmp_path, show=kill)
    save = torch.save

    def full(state: Any, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(NotWritten, match="cannot be written: the disk is full"):
        train(base, rows, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT], "nothing half written is left"
    monkeypatch.setattr(torch, "save", save)
    first: list[Status] = []
    assert train(base, rows, tmp_path, show=first.append).why == "the epochs are done"
    assert first[0].share > 2 / 20


def test_a_folder_that_is_a_file(base: Base, rows: list[Row], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotWritten, match="cannot be written"):
        train(base, rows, tmp_path / "file" / "folder")


def test_the_rate_rises_and_falls() -> None:
    factors = [rate_factor(share / 100, 0.05) for share in range(101)]
    assert factors[5] == 1
    assert factors[:6] == sorted(factors[:6])
    assert factors[5:] == sorted(factors[5:], reverse=True)
    assert min(factors) > 0
