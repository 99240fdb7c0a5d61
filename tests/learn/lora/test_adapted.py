"""Losses are those of the rows alone, whatever stands beside them; steps are the same in one pass or in several."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from lora_samples import habits
from seekline import model
from seekline.learn.lora.adapted import Adapted
from seekline.learn.lora.base import Base, find_base
from seekline.learn.lora.memory import fit
from seekline.learn.lora.options import Options
from seekline.learn.lora.rows import Encoder, Row
from tiny_models import save_llama

pytest.importorskip("peft", reason="peft is not installed: `make test` installs it")
OPTIONS = Options(dropout=0.0, rank=4, row_tokens=256, batch_tokens=2048)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    folder = save_llama(tmp_path_factory.mktemp("base") / "tiny", num_key_value_heads=2, initializer_range=0.05)
    return find_base(str(folder), folder=folder)


@pytest.fixture(scope="module")
def rows(base: Base) -> list[Row]:
    """Of different lengths."""
    encoder = Encoder(base.tokenizer, base.end, 256)
    found = [encoder.row(one) for one in habits(files=3)]
    return [row for row in found if row is not None]


def adapted(base: Base, options: Options = OPTIONS) -> Adapted:
    return Adapted(base, options, fit(base.checkpoint, options, model.find_device("cpu"), qlora=None))


def test_the_losses_are_those_of_transformers(base: Base, rows: list[Row]) -> None:
    """With its own loss, over targets alone, one row after the other."""
    from transformers import AutoModelForCausalLM

    plain: Any = AutoModelForCausalLM.from_pretrained(base.source.path)
    found = adapted(base).losses(rows)
    assert len({len(row.ids) for row in rows}) > 2
    for row, nats in zip(rows, found, strict=True):
        ids = torch.from_numpy(row.ids).long()[None]
        labels = ids.clone()
        labels[0, : row.first] = -100
        with torch.no_grad():
            expected = plain(input_ids=ids, labels=labels).loss
        assert nats / row.targets == pytest.approx(float(expected), rel=1e-4)


def test_several_passes_are_one_step(base: Base, rows: list[Row]) -> None:
    at_once, by_parts = adapted(base), adapted(base)
    by_parts.pass_tokens = 100
    for seed in range(3):
        first = at_once.learn(rows, rate=1e-2, seed=seed)
        assert by_parts.learn(rows, rate=1e-2, seed=seed) == pytest.approx(first, rel=1e-5)
    for name, value in at_once.adapter().items():
        assert torch.allclose(value, by_parts.adapter()[name], atol=1e-4), name
    assert any(value.abs().max() > 0 for name, value in at_once.adapter().items() if "lora_B" in name)


def test_checkpointing_changes_nothing(base: Base, rows: list[Row]) -> None:
    fits = fit(base.checkpoint, OPTIONS, model.find_device("cpu"), qlora=None)
    plain, sparing = (Adapted(base, OPTIONS, replace(fits, checkpointing=on)) for on in (False, True))
    for one in (plain, sparing):
        one.learn(rows, rate=1e-2, seed=1)
    for name, value in plain.adapter().items():
        assert torch.allclose(value, sparing.adapter()[name], atol=1e-5), name


class Crowded(Adapted):
    """Whose memory holds so many ids at once."""

    room = 0

    def _nats(self, rows: Sequence[Row]) -> torch.Tensor:
        if len(rows) * max(len(row.ids) for row in rows) > self.room:
            raise torch.OutOfMemoryError("no room")
        return super()._nats(rows)


def test_where_memory_is_full_half_is_tried(base: Base, rows: list[Row]) -> None:
    fits = fit(base.checkpoint, OPTIONS, model.find_device("cpu"), qlora=None)
    crowded, plain = Crowded(base, OPTIONS, fits), adapted(base)
    crowded.room = 150
    assert crowded.losses(rows) == pytest.approx(plain.losses(rows), rel=1e-5)
    assert crowded.pass_tokens <= 150
    crowded.pass_tokens = OPTIONS.batch_tokens
    assert crowded.learn(rows, rate=1e-2, seed=0) == pytest.approx(plain.learn(rows, rate=1e-2, seed=0), rel=1e-5)
    for name, value in plain.adapter().items():
        assert torch.allclose(value, crowded.adapter()[name], atol=1e-4), name
    crowded.room = 10
    with pytest.raises(model.OutOfMemory, match="does not hold one sample"):
        crowded.learn(rows, rate=1e-2, seed=0)


def test_the_adapter_and_its_optimizer_come_back(base: Base, rows: list[Row]) -> None:
    first, second = adapted(base), adapted(base)
    first.learn(rows, rate=1e-2, seed=0)
    second.restore(deepcopy(first.state()))
    assert first.learn(rows, rate=1e-2, seed=1) == second.learn(rows, rate=1e-2, seed=1)
    for name, value in first.adapter().items():
        assert torch.equal(value, second.adapter()[name]), name


def test_a_weaker_adapter(base: Base, rows: list[Row]) -> None:
    """At no strength it is the base."""
    one = adapted(base)
    before = one.losses(rows)
    for seed in range(3):
        one.learn(rows, rate=1e-2, seed=seed)
    tensors, after = one.adapter(), one.losses(rows)
    one.set_adapter(tensors, 0.5)
    half = one.losses(rows)
    assert sum(after) < sum(half) < sum(before)
    one.set_adapter(tensors, 0.0)
    assert one.losses(rows) == pytest.approx(before)
    one.set_adapter(tensors)
    assert one.losses(rows) == after


@pytest.mark.parametrize(("targets", "number"), [("all", 7), ("attention", 4)])
def test_which_layers_are_adapted(base: Base, targets: Any, number: int, tmp_path: Path) -> None:
    one = adapted(base, Options(targets=targets, rank=4))
    assert len(one.adapter()) == 2 * 2 * number, "two matrices of each, in two layers"
    one.save(tmp_path / "adapter")
    assert sorted(path.name for path in (tmp_path / "adapter").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
