"""The memory of KV caches: how much there may be for one model, and that a closed document gives back what it had."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any
from weakref import WeakSet

import pytest
from drafts import FixedCosts, NothingCopied
from seekline import model
from tiny_models import load, save_llama, save_v2_lite

DOCUMENTS = 20
CHEAP_DRAFTS = {0: 1.0, 1: 1.1, 3: 1.2}


@pytest.fixture(scope="module")
def embedded() -> model.LoadedModel:
    plan = model.make_plan(model.ModelRequest(model="embedded", device="cpu", sequence_tokens=4160), base=Path())
    return model.load_model(plan, threads=1)


def prompt(document: int, tokens: int) -> list[int]:
    return [10 + (document * 31 + place * 7) % 4000 for place in range(tokens)]


def test_many_documents_in_the_embedded_model_take_no_more_than_its_plan(embedded: model.LoadedModel) -> None:
    """Twenty that are completed in and stay open: each would keep 3 MB."""
    engine, plan = embedded.engine, embedded.plan
    for document in range(DOCUMENTS):
        ids = prompt(document, 60)
        list(engine.generate(ids, max_new_tokens=2, cancel=Event(), key=document, lookup=model.PromptLookup(ids)))
        assert 0 < engine.kv_bytes <= plan.kv_limit_bytes
    one_sequence = 2 * plan.checkpoint.kv_bytes_per_token * plan.checkpoint.context_tokens  # in float32
    assert plan.kv_limit_bytes <= max(2 * one_sequence, 4 * plan.checkpoint.parameters)
    assert engine.reusable_tokens(prompt(DOCUMENTS - 1, 60)) > 0, "the last one is kept"
    for document in range(DOCUMENTS):
        engine.forget(document)
    assert engine.kv_bytes == 0


def test_documents_that_grow_take_no_more_than_the_plan(embedded: model.LoadedModel) -> None:
    """A short file leaves room for many others; each needs more as it is written."""
    engine, plan = embedded.engine, embedded.plan
    for tokens in (60, 300, 600):
        for document in range(4):
            engine.warm(prompt(document, tokens), cancel=Event(), key=document)
            assert engine.kv_bytes <= plan.kv_limit_bytes
    for document in range(4):
        engine.forget(document)
    assert engine.kv_bytes == 0


def with_drafts(folder: Path) -> model.EngineCore[Any]:
    """The model in `folder`, for which another of the same kind drafts."""
    large, small = load(folder).engine._backend, load(folder).engine._backend
    return model.EngineCore(
        large,
        chunk_tokens=32,
        draft_length=FixedCosts(CHEAP_DRAFTS),
        draft_model=model.DraftModel(
            small, chunk_tokens=32, kv_limit_bytes=1 << 30, draft_length=FixedCosts(CHEAP_DRAFTS), prompt_ms=0
        ),
    )


def complete_and_cancel(engine: model.EngineCore[Any], document: int) -> None:
    """One completion is left half read, the next one cancelled."""
    ids = prompt(document, 80)
    tokens = engine.generate(ids, max_new_tokens=9, cancel=Event(), key=document, lookup=NothingCopied(ids))
    assert len([next(tokens) for _ in range(4)]) == 4
    cancel = Event()
    tokens = engine.generate([*ids, 7], max_new_tokens=9, cancel=cancel, key=document, lookup=NothingCopied(ids))
    next(tokens)
    cancel.set()
    with pytest.raises(model.Cancelled):
        list(tokens)


def check_all_is_given_back(engine: model.EngineCore[Any]) -> None:
    """Of documents that were completed in, cancelled in, and left half read; by the model and the one that drafts."""
    draft_model = engine._draft_sources.model
    assert draft_model is not None
    for document in range(3):
        draft_model.prompt_ms = 0  # however busy this machine is, drafts pay
        complete_and_cancel(engine, document)
    alive = WeakSet(slot.kv for slots in (engine._slots, draft_model._slots) for slot in slots._slots.values())
    assert len(alive) == 6
    assert draft_model.kv_bytes > 0
    for document in range(3):
        before = engine.kv_bytes
        engine.forget(document)
        assert engine.kv_bytes < before
        gc.collect()
        assert len(alive) == 2 * (2 - document), "nothing else holds the cache"
    assert engine.kv_bytes == draft_model.kv_bytes == 0


@pytest.mark.usefixtures("each_forward")
def test_a_closed_document_leaves_nothing_in_either_forward_pass(tmp_path: Path) -> None:
    check_all_is_given_back(with_drafts(save_llama(tmp_path)))


def test_a_closed_document_leaves_nothing_in_transformers(tmp_path: Path) -> None:
    check_all_is_given_back(with_drafts(save_v2_lite(tmp_path)))


def kv_limit(name: str, quantization: str, dtype: str, left_gb: float) -> tuple[int, int, int]:
    """The bytes that KV caches may have, those of a sequence of 2,048 tokens, and those of the weights."""
    from seekline.model.loading.sizes import Size, kv_limit_bytes

    entry = model.all_entries()[name]
    size = Size(entry.parameters, entry.kv_bytes_per_token, entry.context_tokens, entry.weight_bytes)
    limit: Callable[..., int] = kv_limit_bytes
    weights = entry.weight_bytes.get(quantization) or int(entry.parameters * 0.65)
    return limit(size, quantization, dtype, 2048, left_gb * 1e9), 2048 * entry.kv_bytes_per_token, weights


@pytest.mark.parametrize(
    ("name", "quantization", "sequences"),
    [
        ("deepseek-coder-1.3b-base", "int4", 2),  # 0.9 GB of weights, 0.4 GB a sequence
        ("deepseek-coder-1.3b-base", "none", 6),  # 2.7 GB of weights
        ("deepseek-coder-6.7b-base", "none", 8),  # never more
        ("deepseek-coder-5.7bmqa-base", "none", 8),
    ],
)
def test_kv_caches_are_in_proportion_to_the_weights(name: str, quantization: str, sequences: int) -> None:
    limit, one, weights = kv_limit(name, quantization, "bfloat16", left_gb=1000)
    assert limit // one == sequences
    assert limit <= max(weights, 2 * one)


def test_where_little_is_left_kv_caches_take_a_part_of_it() -> None:
    limit, one, _ = kv_limit("deepseek-coder-6.7b-base", "none", "bfloat16", left_gb=4)
    assert limit == one + 1_000_000_000
    limit, one, _ = kv_limit("deepseek-coder-6.7b-base", "none", "bfloat16", left_gb=0)
    assert limit == one, "the one that is completed has room"
