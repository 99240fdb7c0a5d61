"""Sampling from the k likeliest tokens: in the engine, with drafts that are right and wrong, and guided."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest
from seekline import model
from tiny_models import IDS, load

NEW_TOKENS = 24


def written(loaded: model.LoadedModel, sampling: model.Sampling, lookup: model.PromptLookup | None = None) -> list[int]:
    return list(
        loaded.engine.generate(IDS, max_new_tokens=NEW_TOKENS, cancel=Event(), sampling=sampling, lookup=lookup)
    )


@pytest.fixture(scope="module")
def loaded(llama_folder: Path) -> model.LoadedModel:
    return load(llama_folder)


@pytest.mark.parametrize("top_k", [1, 2, 5])
@pytest.mark.parametrize("seed", range(6))
def test_drafts_change_nothing(loaded: model.LoadedModel, top_k: int, seed: int) -> None:
    sampling = model.Sampling(temperature=1.5, top_k=top_k, seed=seed)
    alone = written(loaded, sampling)
    right = model.PromptLookup(IDS, earlier=[[*IDS[-3:], *alone]])
    half = model.PromptLookup(IDS, earlier=[[*IDS[-3:], *alone[:5], 7, 8, 9]])
    assert written(loaded, sampling, right) == alone
    assert written(loaded, sampling, half) == alone
    assert loaded.engine.statistics.accepted > 0


@pytest.mark.parametrize("top_k", [2, 5])
def test_each_token_is_one_of_the_likeliest(loaded: model.LoadedModel, top_k: int) -> None:
    tokens = written(loaded, model.Sampling(temperature=3.0, top_k=top_k, seed=1))
    backend = loaded.engine._backend
    ranks: list[int] = []
    for count, token in enumerate(tokens):
        ids = IDS + tokens[:count]
        logits = backend.forward(ids, backend.new_kv(len(ids)), Event())[-1]
        ranks.append(int((logits > logits[token]).sum()))
    assert max(ranks) == top_k - 1


def test_the_likeliest_one_is_greedy(loaded: model.LoadedModel) -> None:
    assert written(loaded, model.Sampling(temperature=2.0, top_k=1)) == written(loaded, model.GREEDY)
