"""Packed rows: samples that share a row are as blind to each other as if each had a row of its own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from seekline.learn.corpus_file import CorpusFile
from seekline.learn.packed_llama import build_model, document_mask, kind_weights, logits_of, weighted_loss
from seekline.learn.recipe import LossWeights, Mix, Recipe
from seekline.learn.rows import PADDING_DOCUMENT, Batch, Steps, Texts, batches, pack
from seekline.learn.samples import Sample, Target


@pytest.fixture(scope="module")
def model(small: Recipe) -> torch.nn.Module:
    """With random layers throughout: those that begin by adding nothing would hide a leak."""
    model = build_model(small.shape, seed=1)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)
    return model.eval()


def sample(*ids: int) -> Sample:
    return Sample(ids=ids, targets=(Target.NONE, *[Target.TEXT] * (len(ids) - 1)))


def run(model: torch.nn.Module, batch: Batch) -> torch.Tensor:
    arrays = (batch.inputs, batch.documents, batch.positions)
    with torch.no_grad():
        return logits_of(model, *map(torch.from_numpy, arrays))


FIRST, SECOND, THIRD = sample(0, 40, 41, 42, 43), sample(0, 50, 51, 52), sample(0, 60, 61, 62, 63, 64)


def test_a_row_is_laid_out() -> None:
    batch = pack([[FIRST, SECOND]], 9)
    assert batch.inputs.tolist() == [[0, 40, 41, 42, 0, 50, 51, 0, 0]]
    assert batch.labels.tolist() == [[40, 41, 42, 43, 50, 51, 52, 0, 0]]
    assert batch.documents.tolist() == [[0, 0, 0, 0, 1, 1, 1, PADDING_DOCUMENT, PADDING_DOCUMENT]]
    assert batch.positions.tolist() == [[0, 1, 2, 3, 0, 1, 2, 0, 0]]
    assert batch.kinds.tolist() == [[1] * 7 + [0, 0]]


def test_the_mask_is_causal_within_a_sample() -> None:
    mask = document_mask(torch.tensor([[0, 0, 1, 1]]))
    assert mask.tolist() == [
        [
            [
                [True, False, False, False],
                [True, True, False, False],
                [False, False, True, False],
                [False, False, True, True],
            ]
        ]
    ]


def test_changing_one_sample_changes_no_other(model: torch.nn.Module) -> None:
    changed = sample(0, 70, 71, 72)
    before, after = run(model, pack([[FIRST, SECOND, THIRD], [FIRST, changed, THIRD]], 16))
    assert torch.equal(before[:4], after[:4])
    assert torch.equal(before[7:12], after[7:12])
    assert not torch.allclose(before[5:7], after[5:7])


def test_a_packed_sample_sees_what_it_sees_alone(model: torch.nn.Module) -> None:
    packed = run(model, pack([[FIRST, SECOND, THIRD]], 16))[0]
    alone = run(model, pack([[THIRD]], 16))[0]
    plain = model(input_ids=torch.tensor([THIRD.ids[:-1]])).logits[0]
    torch.testing.assert_close(packed[7:12], alone[:5], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(packed[7:12], plain, rtol=1e-4, atol=1e-4)


def test_padding_and_given_tokens_weigh_nothing() -> None:
    logits = torch.randn(1, 3, 8, generator=torch.Generator().manual_seed(3))
    kinds = torch.tensor([[Target.NONE, Target.SUFFIX, Target.FIRST]])
    weights = kind_weights(LossWeights(suffix=1.0, first=3.0), "cpu")
    loss, sums = weighted_loss(logits, torch.tensor([[0, 1, 2]]), kinds, weights)
    nats = -logits.log_softmax(-1)
    assert loss.item() == pytest.approx((nats[0, 1, 1].item() + 3 * nats[0, 2, 2].item()) / 4, rel=1e-5)
    assert sums[:, 2].tolist() == [1, 0, 1, 0, 1, 0]


def test_rows_are_nearly_full(corpus: Path, vocabulary: Path, small: Recipe) -> None:
    steps = Steps(corpus, vocabulary, small)
    padding = np.mean([(steps[step].documents == PADDING_DOCUMENT).mean() for step in range(20)])
    assert padding < 0.1


def test_each_language_has_its_share() -> None:
    sizes = {"a.py": 900, "b.py": 100, "a.go": 10, "a.rs": 5000, "a.lua": 300}
    files = [CorpusFile(package=path, path=path, text=path * size) for path, size in sizes.items()]
    texts = Texts(files, Mix(python_share=0.4, common_languages=("go", "rust")))
    draw = np.random.default_rng(0)
    drawn = Counter(texts.draw(draw)[:4].split(".")[1][:2] for _ in range(4000))
    assert {name: round(times / 4000, 1) for name, times in drawn.items()} == {
        "py": 0.4,
        "go": 0.2,
        "rs": 0.2,
        "lu": 0.1,
    }
    only_python = Texts(files[:2], Mix(python_share=0.4))
    assert {only_python.draw(draw)[:4] for _ in range(200)} == {"a.py", "b.py"}


def test_a_step_follows_from_seed_and_number(corpus: Path, vocabulary: Path, small: Recipe) -> None:
    """Whether it is made here or by a worker, first or late."""
    made_here = Steps(corpus, vocabulary, small)
    made_ahead = batches(Steps(corpus, vocabulary, small), first_step=3, workers=1)
    for step in (3, 4):
        assert np.array_equal(made_here[step].inputs, next(made_ahead).inputs)
    assert not np.array_equal(made_here[3].inputs, made_here[4].inputs)
