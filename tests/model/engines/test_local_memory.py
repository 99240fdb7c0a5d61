"""What many clients of the engine in this process hold of it: memory that is given back, or short."""

from __future__ import annotations

import gc
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from local_requests import CONTEXT_TOKENS, LARGE, SOON_S, Served, eventually, short
from seekline import model
from tiny_models import save_llama


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_llama(tmp_path_factory.mktemp("llama"), num_key_value_heads=1, max_position_embeddings=CONTEXT_TOKENS)


@pytest.fixture
def served(folder: Path) -> Iterator[Served]:
    made = Served(folder)
    yield made
    assert made.engine.close(SOON_S)


def test_what_is_forgotten_is_given_back_when_it_has_ended(served: Served) -> None:
    large = served.ask_large()
    served.engine.forget("large")
    assert len(served.ask(short(1), "other").result()) == 8
    large.cancel.set()
    eventually(lambda: served.engine.status.idle)
    assert not served.slot_ids()
    served.engine.forget("other")
    eventually(lambda: served.engine.status.idle)
    gc.collect()
    assert served.core.kv_bytes == 0


def fill(served: Served, monkeypatch: pytest.MonkeyPatch, is_full: Callable[[int], bool]) -> list[int]:
    """Has the device be full whenever `is_full` says so of how many requests are under way; notes how many were."""
    forward, seen = served.core._backend.forward, list[int]()

    def limited(*given: Any, **named: Any) -> Any:
        under_way = served.engine._scheduler.under_way
        if is_full(under_way):
            seen.append(under_way)
            raise model.OutOfMemory("The device is full.", "Buy another.")
        return forward(*given, **named)

    monkeypatch.setattr(served.core._backend, "forward", limited)
    return seen


def test_memory_that_suffices_for_one_alone_costs_nothing_but_time(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = served.ask(short(1), "other").result()
    large = served.ask_large()
    full = fill(served, monkeypatch, lambda under_way: under_way > 1)
    assert served.ask(short(1), "other").result() == alone
    assert len(served.end(large)) == 8
    assert full
    assert not any(report.warning for report in served.reports)


def test_memory_that_does_not_suffice_for_one_alone_is_told(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    large = served.ask_large()
    fill(served, monkeypatch, lambda _: True)
    other = served.ask(short(1), "other")
    with pytest.raises(model.InfoChanged):
        served.end(large)
    with pytest.raises((model.InfoChanged, model.OutOfMemory)):
        other.result()
    assert [report.message for report in served.reports if report.warning]


def ask_at_random(
    served: Served, name: int, prompts: list[tuple[int, ...]], alone: list[list[int]], ends: Counter[str]
) -> None:
    """One client, that asks, cancels, looks ahead, warms up and closes documents. Notes how each request ended."""
    chance, version = random.Random(name), served.engine.info().result(SOON_S).version
    for _ in range(40):
        number, cancel = chance.randrange(len(prompts)), Event()
        request = model.CompletionRequest(
            ids=prompts[number],
            key=f"{name}: {chance.randrange(3)}",
            version=version,
            max_new_tokens=8,
            is_ahead=chance.random() < 0.2,
        )
        leaves_after = chance.choice([0, 1, 4, 99, 99, 99])
        ids: list[int] = []
        if not leaves_after:
            cancel.set()
        try:
            for piece in served.engine.stream(request, cancel):
                ids += piece.ids
                if len(ids) == leaves_after:
                    cancel.set()
            ends["whole" if ids == alone[number] else "wrong"] += 1
        except model.Cancelled:
            ends["cancelled" if ids == alone[number][: len(ids)] else "wrong"] += 1
        if chance.random() < 0.2:
            served.engine.warm(replace(request, ids=chance.choice(prompts)), Event())
        if chance.random() < 0.1:
            served.engine.forget(request.key)


def test_a_storm(served: Served) -> None:
    """Of several clients: each request has one end, and what is written is what is written alone."""
    prompts = [short(seed)[: 10 + 4 * seed] + LARGE[: 300 * (seed % 3)] for seed in range(6)]
    alone = [served.ask(ids, f"alone {number}").result() for number, ids in enumerate(prompts)]
    ends: Counter[str] = Counter()
    clients = [
        Thread(target=ask_at_random, args=(served, name, prompts, alone, ends), daemon=True) for name in range(4)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join(SOON_S)
    assert ends.total() == 160
    assert not ends["wrong"]
    assert ends["whole"] > 40
    eventually(lambda: served.engine.status.idle)
    assert not served.core._newest
    assert all(not slot.holders for slot in served.core._slots._slots.values())
