"""The engine over a hand-written backend: what it computes, what it reuses, when it stops."""

from __future__ import annotations

from threading import Event
from typing import Any, TypeAlias

import pytest
from counting_backend import CountingBackend, expected
from seekline import model

Engine: TypeAlias = model.EngineCore[Any]


@pytest.fixture
def backend() -> CountingBackend:
    return CountingBackend()


@pytest.fixture
def engine(backend: CountingBackend) -> Engine:
    return model.EngineCore(backend, chunk_tokens=4)


def run(engine: Engine, ids: list[int], count: int = 3, stop_ids: set[int] | None = None) -> list[int]:
    return list(engine.generate(ids, max_new_tokens=count, cancel=Event(), stop_ids=stop_ids or set()))


def test_prefill_in_chunks_then_one_by_one(engine: Engine, backend: CountingBackend) -> None:
    ids = [1, 2, 3, 4, 5, 6]
    assert run(engine, ids) == expected(ids, 3)
    assert [len(chunk) for chunk in backend.chunks] == [4, 2, 1, 1]


def test_the_common_prefix_is_not_computed_again(engine: Engine, backend: CountingBackend) -> None:
    run(engine, [1, 2, 3, 4, 5, 6])
    backend.chunks.clear()
    edited = [1, 2, 3, 9, 5, 6]
    assert engine.reusable_tokens(edited) == engine.reusable_tokens(tuple(edited)) == 3
    assert run(engine, edited, count=1) == expected(edited, 1)
    assert backend.chunks == [[9, 5, 6]]


def test_the_same_prompt_again_computes_its_last_token(engine: Engine, backend: CountingBackend) -> None:
    first = run(engine, [1, 2, 3])
    backend.chunks.clear()
    assert run(engine, [1, 2, 3]) == first
    assert backend.chunks[0] == [3]


def test_stop_ids_end_it_unseen(engine: Engine) -> None:
    ids = [1, 2, 3]
    tokens = expected(ids, 5)
    assert run(engine, ids, 5, stop_ids={tokens[2]}) == tokens[:2]


def test_the_context_ends_it(engine: Engine) -> None:
    ids = [1] * 97
    assert run(engine, ids, 50) == expected(ids, 3)


def test_a_prompt_without_room_is_refused(engine: Engine) -> None:
    with pytest.raises(model.PromptTooLong, match="100 tokens"):
        engine.generate([1] * 100, max_new_tokens=1, cancel=Event())
    with pytest.raises(ValueError, match="at least one"):
        engine.generate([], max_new_tokens=1, cancel=Event())


@pytest.mark.parametrize("after_chunks", range(5))
def test_cancel_stops_within_one_chunk_and_leaves_the_cache_exact(
    engine: Engine, backend: CountingBackend, after_chunks: int
) -> None:
    cancel = Event()

    def cancel_in_time() -> None:
        if len(backend.chunks) == after_chunks:
            cancel.set()

    backend.before_forward = cancel_in_time
    ids = list(range(1, 11))  # chunks of 4, 4 and 2, then tokens
    with pytest.raises(model.Cancelled):
        list(engine.generate(ids, max_new_tokens=10, cancel=cancel))
    assert len(backend.chunks) == after_chunks + 1, "the pass that was under way, and no other"
    backend.before_forward = lambda: None
    assert run(engine, ids, 5) == expected(ids, 5)


def test_set_before_the_start_computes_nothing(engine: Engine, backend: CountingBackend) -> None:
    cancel = Event()
    cancel.set()
    with pytest.raises(model.Cancelled):
        list(engine.generate([1, 2], max_new_tokens=1, cancel=cancel))
    assert backend.chunks == []


@pytest.mark.parametrize("fail_at", [0, 1, 3])
def test_a_failure_leaves_the_cache_exact(engine: Engine, backend: CountingBackend, fail_at: int) -> None:
    ids = list(range(1, 11))
    backend.fail_at = fail_at
    with pytest.raises(model.OutOfMemory):
        run(engine, ids)
    backend.fail_at = None
    assert run(engine, ids) == expected(ids, 3)


def test_a_newer_request_ends_an_older_iterator(engine: Engine) -> None:
    older = engine.generate([1, 2, 3], max_new_tokens=5, cancel=Event())
    next(older)
    assert run(engine, [4, 5]) == expected([4, 5], 3)
    with pytest.raises(model.Cancelled):
        next(older)


def test_an_older_iterator_leaves_the_slot_of_a_newer_one_alone(engine: Engine) -> None:
    unstarted = engine.generate(range(1, 9), max_new_tokens=5, cancel=Event())
    started = engine.generate(range(1, 9), max_new_tokens=5, cancel=Event())
    next(started)
    newer = engine.generate([4, 5], max_new_tokens=5, cancel=Event())
    first = next(newer)
    for one in (unstarted, started):
        with pytest.raises(model.Cancelled):
            next(one)
    assert [first, *newer] == expected([4, 5], 5)


def test_no_pass_is_computed_for_nobody(engine: Engine, backend: CountingBackend) -> None:
    run(engine, [1, 2, 3], count=1)
    assert len(backend.chunks) == 1
