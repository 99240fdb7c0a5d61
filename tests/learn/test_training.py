"""Training for seconds: the loss falls, what is saved loads, and a run that was killed ends where it would have."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from seekline.learn.errors import Diverged, OtherModel, RecipeChanged
from seekline.learn.export import export
from seekline.learn.learner import rate_factor
from seekline.learn.recipe import Rates, Recipe, Run, keep_recipe
from seekline.learn.rows import Steps
from seekline.learn.train import Progress, budget_share, train
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

# Every step that is logged is saved, too.
RUN = Run(steps=24, device="cpu", workers=0, log_steps=4, save_minutes=1e-9)


class Killed(BaseException):
    """What a signal does to a run, as far as the run can see it: it ends anywhere."""


@pytest.fixture
def steps(corpus: Path, vocabulary: Path, small: Recipe) -> Steps:
    return Steps(corpus, vocabulary, small)


@pytest.fixture(scope="module")
def trained(corpus: Path, vocabulary: Path, small: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    train(folder, Steps(corpus, vocabulary, small), small, RUN, lambda line: None)
    return folder


def log(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return torch.load(folder / "checkpoint.pt", weights_only=True)["model"]


def test_the_loss_falls(trained: Path) -> None:
    rows = log(trained)
    assert rows[-1]["step"] == RUN.steps
    assert rows[-1]["text_loss"] < rows[0]["text_loss"] - 0.5
    assert {"suffix_loss", "middle_loss", "first_loss", "end_loss", "first_right"} <= rows[-1].keys()


def test_a_killed_run_ends_as_if_it_had_not_been(trained: Path, steps: Steps, small: Recipe, tmp_path: Path) -> None:
    def kill_at_12(line: str) -> None:
        if line.startswith('{"step": 12,'):
            raise Killed

    with pytest.raises(Killed):
        train(tmp_path, steps, small, RUN, kill_at_12)
    progress = train(tmp_path, steps, small, replace(RUN, workers=1), lambda line: None)
    assert progress.step == RUN.steps
    one, other = weights(trained), weights(tmp_path)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert [row["step"] for row in log(tmp_path)] == [row["step"] for row in log(trained)]


def test_a_spent_budget_is_left_alone(trained: Path, steps: Steps, small: Recipe) -> None:
    before = (trained / "checkpoint.pt").stat().st_mtime_ns
    assert train(trained, steps, small, RUN, lambda line: None).step == RUN.steps
    assert (trained / "checkpoint.pt").stat().st_mtime_ns == before


def test_a_loss_that_is_no_number_ends_the_run(steps: Steps, small: Recipe, tmp_path: Path) -> None:
    wild = replace(small, rates=Rates(muon=1e30, embedding=1e30, warm_up_share=0.0))
    with pytest.raises(Diverged, match="no number"):
        train(tmp_path, steps, wild, replace(RUN, steps=4), lambda line: None)


def test_what_is_exported_loads(trained: Path, vocabulary: Path, small: Recipe, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "stale.json").write_text("{}", "utf-8")
    export(trained / "checkpoint.pt", vocabulary, folder, small.shape)
    assert not (folder / "stale.json").exists()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    assert model.config.max_position_embeddings == small.shape.row_tokens
    assert next(model.parameters()).dtype == torch.float32
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = tokenizer.encode("def main() -> None:\n", add_special_tokens=False).ids
    with torch.no_grad():
        assert model(input_ids=torch.tensor([ids])).logits.shape == (1, len(ids), small.shape.vocabulary)
    saved = weights(trained)["model.layers.0.mlp.up_proj.weight"].bfloat16().float()
    assert torch.equal(model.model.layers[0].mlp.up_proj.weight, saved)


def test_a_run_goes_on_from_an_exported_model(
    trained: Path, steps: Steps, vocabulary: Path, small: Recipe, tmp_path: Path
) -> None:
    export(trained / "checkpoint.pt", vocabulary, tmp_path / "model", small.shape)
    later = replace(small, start=str(tmp_path / "model"))
    train(tmp_path / "later", steps, later, RUN, lambda line: None)
    assert log(tmp_path / "later")[0]["text_loss"] < log(trained)[0]["text_loss"] - 0.5
    other = replace(later, shape=replace(small.shape, layers=1))
    with pytest.raises(OtherModel, match=r"model\.safetensors is of another shape"):
        train(tmp_path / "other", steps, other, RUN, lambda line: None)


def test_the_rate_rises_and_falls() -> None:
    rates = Rates(warm_up_share=0.1, decay_share=0.4)
    factors = [rate_factor(share, rates) for share in (0.0, 0.05, 0.1, 0.5, 0.8, 1.0, 1.1)]
    assert factors == pytest.approx([0, 0.5, 1, 1, 0.5, 0, 0])


def test_a_budget_is_of_steps_or_of_minutes() -> None:
    progress = Progress(step=30, tokens=0, seconds=90)
    assert budget_share(progress, Run(steps=40)) == 0.75
    assert budget_share(progress, Run(minutes=2)) == 0.75


def test_a_folder_keeps_its_recipe(small: Recipe, tmp_path: Path) -> None:
    keep_recipe(tmp_path, small)
    keep_recipe(tmp_path, small)
    with pytest.raises(RecipeChanged, match=r"shape\.layers was 2, is 3"):
        keep_recipe(tmp_path, replace(small, shape=replace(small.shape, layers=3)))
