"""A small model drafts for a large one: when it is asked, what it computes, and how it is given up."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any
from weakref import ref

import pytest
from counting_backend import CountingBackend, expected
from drafts import FixedCosts, NothingCopied
from seekline import model
from tiny_models import load

FREE = {0: 1.0, 1: 1.0, 3: 1.0}
IDS = list(range(1, 11))


class Pair:
    """A large model and a small one that counts just as it does, unless told otherwise."""

    def __init__(self, *, cost_ms: dict[int, float] | None = None, prompt_ms: float = 0) -> None:
        self.large, self.small = CountingBackend(), CountingBackend()
        self.engine = model.EngineCore(
            self.large,
            chunk_tokens=4,
            draft_length=FixedCosts(FREE),
            draft_model=model.DraftModel(
                self.small,
                chunk_tokens=4,
                kv_limit_bytes=1000,
                draft_length=FixedCosts(cost_ms or FREE),
                prompt_ms=prompt_ms,
            ),
        )

    def run(self, ids: Sequence[int] = IDS, count: int = 9, **options: Any) -> list[int]:
        options = {"cancel": Event(), "lookup": NothingCopied(ids), **options}
        return list(self.engine.generate(ids, max_new_tokens=count, **options))


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_a_model_that_drafts_for_itself_is_always_right(llama_folder: Path) -> None:
    large, small = (load(llama_folder).engine._backend for _ in range(2))
    drafts = model.DraftModel(
        small, chunk_tokens=64, kv_limit_bytes=1 << 30, draft_length=FixedCosts(FREE), prompt_ms=0
    )
    engine = model.EngineCore(large, chunk_tokens=64, draft_length=FixedCosts(FREE), draft_model=drafts)
    for first in range(10, 30):
        ids = [first, *range(100, 180)]
        plain = list(engine.generate(ids, max_new_tokens=24, cancel=Event()))
        lookup = NothingCopied(ids)
        drafts.prompt_ms = 0  # however busy this machine is, drafts pay
        assert list(engine.generate(ids, max_new_tokens=24, cancel=Event(), lookup=lookup)) == plain
    assert engine.statistics.drafted > 300
    assert engine.statistics.accepted == engine.statistics.drafted


def test_one_pass_of_the_large_model_for_a_draft(pair: Pair) -> None:
    wanted = expected(IDS, 9)
    assert pair.run() == wanted
    assert pair.large.chunks[3:] == [wanted[:4], wanted[4:8]], "three drafted tokens each, and the one before them"
    drafted = [token for chunk in pair.small.chunks for token in chunk]
    assert drafted == IDS + wanted[:7], "each token of the sequence once; not the last of a draft"


def test_the_small_model_keeps_its_prompts(pair: Pair) -> None:
    pair.run()
    pair.small.chunks.clear()
    edited = [*IDS[:8], 30, 31]
    assert pair.run(edited) == expected(edited, 9)
    assert pair.small.chunks[0][:2] == [30, 31]


def test_wrong_drafts_change_nothing(pair: Pair) -> None:
    pair.small.error_after = lambda length: length % 3 == 0
    for count in range(1, 12):
        assert pair.run(count=count) == expected(IDS, count)
    assert 0 < pair.engine.statistics.accepted < pair.engine.statistics.drafted


def test_copies_go_first(pair: Pair) -> None:
    wanted = expected(IDS, 4)
    assert pair.run(count=4, lookup=model.PromptLookup(IDS, earlier=[[IDS[-1], *wanted]])) == wanted
    assert pair.small.chunks == []


def test_no_stop_token_is_drafted(pair: Pair) -> None:
    wanted = expected(IDS, 9)
    assert pair.run(stop_ids={wanted[3]}) == wanted[:3]
    assert pair.large.chunks[3:] == [wanted[:3]]


def test_a_small_model_that_takes_too_long_is_asked_seldom() -> None:
    pair = Pair(cost_ms={0: 1, 3: 100})
    pair.run(count=40)
    assert pair.small.chunks == []


def test_a_prompt_that_takes_too_long_to_read_is_not_read() -> None:
    pair = Pair(cost_ms={0: 10, 1: 12, 3: 13}, prompt_ms=100)
    pair.run()
    assert pair.small.chunks == []
    pair = Pair(cost_ms={0: 10, 1: 12, 3: 13}, prompt_ms=1)
    pair.run()
    assert pair.small.chunks, "what is read once serves many tokens"


@pytest.mark.parametrize("after_passes", range(6))
def test_cancel_is_read_before_each_pass_of_the_small_model(pair: Pair, after_passes: int) -> None:
    cancel = Event()
    pair.small.before_forward = when(lambda: len(pair.small.chunks) == after_passes, cancel.set)
    with pytest.raises(model.Cancelled):
        pair.run(cancel=cancel)
    assert len(pair.small.chunks) == after_passes + 1, "the pass that was under way, and no other"
    assert pair.run() == expected(IDS, 9)


@pytest.mark.parametrize("after_passes", range(6))
def test_the_deadline_is_read_before_each_pass_of_the_small_model(
    pair: Pair, after_passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "seekline.model.decoding.request.monotonic", lambda: float(len(pair.small.chunks) > after_passes)
    )
    decided = 1 if after_passes < 5 else 5
    assert pair.run(deadline_s=1) == expected(IDS, decided), "what was decided before"
    assert len(pair.small.chunks) == after_passes + 1
    monkeypatch.undo()
    assert pair.run() == expected(IDS, 9)


def when(condition: Callable[[], bool], then: Callable[[], None]) -> Callable[[], None]:
    return lambda: then() if condition() else None


@pytest.mark.parametrize("fail_at", [0, 2, 4])
def test_a_device_too_full_for_drafts_answers_without(pair: Pair, fail_at: int) -> None:
    pair.small.fail_at = fail_at
    gone = ref(pair.small)
    assert pair.run() == expected(IDS, 9)
    pair.small = CountingBackend()
    gc.collect()
    assert gone() is None, "its memory is free"
    assert pair.run() == expected(IDS, 9)


def test_the_large_model_gets_the_memory_of_the_small_one(pair: Pair) -> None:
    def full() -> None:
        raise model.OutOfMemory("The device is full.", "Buy another.")

    assert pair.run(key="another document") == expected(IDS, 9)
    pair.large.before_forward = when(lambda: pair.engine._draft_sources.model is not None, full)
    assert pair.run() == expected(IDS, 9)
    assert pair.engine._draft_sources.model is None
    assert len(pair.engine._slots) == 1, "the other documents' KV went first"


def test_beyond_the_small_models_context_there_are_no_drafts(pair: Pair) -> None:
    pair.small.context_tokens = 12
    assert pair.run() == expected(IDS, 9)
    assert sum(map(len, pair.small.chunks)) <= 12
