"""The engine in this process, asked by several at once: they take turns, and a model is never taken from under one."""

from __future__ import annotations

import gc
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import pytest
from seekline import model
from seekline.model.engines.in_process import InProcessRunner
from tiny_models import VOCABULARY, save_llama

SOON_S = 60.0
CONTEXT_TOKENS = 16_384
LARGE = tuple(10 + n % 4000 for n in range(7000))
"""A hundred chunks: longer than what the tests do meanwhile."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_llama(tmp_path_factory.mktemp("llama"), num_key_value_heads=1, max_position_embeddings=CONTEXT_TOKENS)


class Asking(Thread):
    """A request that is read to its end, as an editor's is."""

    def __init__(self, engine: model.LocalEngine, **wanted: Any) -> None:
        super().__init__(daemon=True)
        self._engine = engine
        version = engine.info().result(SOON_S).version
        self.request = model.CompletionRequest(**{"version": version, "max_new_tokens": 8, **wanted})
        self.cancel = Event()
        self.pieces: list[model.Piece] = []
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            for piece in self._engine.stream(self.request, self.cancel):
                self.pieces.append(piece)
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.error = error

    def result(self) -> list[int]:
        self.join(SOON_S)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error
        return [id for piece in self.pieces for id in piece.ids]


class Served:
    def __init__(self, folder: Path) -> None:
        self.reports: list[model.Report] = []
        self.engine = model.LocalEngine(self.reports.append)
        self.folder = folder
        self.want()

    def want(self, **changes: Any) -> None:
        request = model.ModelRequest(
            **{"model": str(self.folder), "device": "cpu", "sequence_tokens": CONTEXT_TOKENS, **changes}
        )
        self.engine.load(model.LocalModel(request=request, base=self.folder, threads=1, max_new_tokens=8))

    def ask(self, ids: Sequence[int], key: str, **wanted: Any) -> Asking:
        return Asking(self.engine, ids=tuple(ids), key=key, **wanted)

    def ask_large(self, **wanted: Any) -> Asking:
        """One whose prompt is being computed when this returns."""
        asking = self.ask(LARGE, "large", **wanted)
        eventually(lambda: len(self.slot_ids()) > 100)
        return asking

    def slot_ids(self, key: str = "large") -> list[int]:
        slot = self.core._slots._slots.get(key)
        return slot.ids if slot else []

    @property
    def core(self) -> model.EngineCore[Any]:
        runner = self.engine._loader.runner()
        assert isinstance(runner, InProcessRunner)
        return runner._loaded.engine


@pytest.fixture
def served(folder: Path) -> Iterator[Served]:
    made = Served(folder)
    yield made
    assert made.engine.close(SOON_S)


def eventually(condition: Callable[[], bool]) -> None:
    deadline_s = monotonic() + SOON_S
    while not condition():
        assert monotonic() < deadline_s
        sleep(0.001)


def short(seed: int) -> tuple[int, ...]:
    return tuple((seed * 97 + n * 31) % (VOCABULARY - 10) + 10 for n in range(30))


def test_typed_characters_do_not_wait_for_a_large_prompt(served: Served) -> None:
    alone = [served.ask(short(seed), f"file {seed}").result() for seed in range(3)]
    large = served.ask_large()
    for seed in range(3):
        assert served.ask(short(seed), f"file {seed}").result() == alone[seed]
        assert served.ask(short(seed + 5), f"file {seed}").result()
    assert not large.pieces
    assert len(large.result()) == 8
    again = served.ask(LARGE, "large")
    assert again.result() == large.result()


def test_one_that_nobody_has_asked_for_gives_way(served: Served) -> None:
    ahead = served.ask_large(is_ahead=True)
    other = served.ask(short(1), "other")
    assert len(other.result()) == 8
    assert ahead.is_alive()
    assert len(served.ask(LARGE[:200], "large").result()) == 8
    with pytest.raises(model.Cancelled):
        ahead.result()


def test_a_warm_prompt_gives_way_too(served: Served) -> None:
    version = served.engine.info().result(SOON_S).version
    request = model.CompletionRequest(ids=LARGE, key="large", version=version, max_new_tokens=0)
    served.engine.warm(request, Event())
    eventually(lambda: len(served.slot_ids()) > 100)
    usage = served.ask(LARGE[:100], "large").pieces, served.ask(short(1), "other")
    assert len(usage[1].result()) == 8
    eventually(lambda: served.engine.status.idle)
    assert len(served.slot_ids()) < 200, "it was ended by who asked for its document"


def test_a_cancel_ends_one_that_is_paused(served: Served) -> None:
    paused = served.ask_large()
    other = served.ask(short(1), "other", max_new_tokens=2000)
    eventually(lambda: len(other.pieces) > 3)
    paused.cancel.set()
    with pytest.raises(model.Cancelled):
        paused.result()
    computed = len(served.slot_ids())
    assert len(other.result()) == 2000
    assert len(served.slot_ids()) == computed < len(LARGE)


def test_close_ends_all_of_them(folder: Path) -> None:
    served = Served(folder)
    asked = [served.ask_large(), *(served.ask(short(n), f"{n}", max_new_tokens=4000) for n in range(3))]
    eventually(lambda: any(one.pieces for one in asked))
    assert served.engine.close(SOON_S)
    for one in asked:
        with pytest.raises(model.Cancelled):
            one.result()


def test_another_model_waits_until_nobody_is_under_way(served: Served, tmp_path: Path) -> None:
    alone = served.ask(short(1), "other", max_new_tokens=300).result()
    large = served.ask_large()
    other = served.ask(short(1), "other", max_new_tokens=300)
    served.folder = save_llama(tmp_path, seed=5, max_position_embeddings=512)
    served.want(sequence_tokens=0)
    late = Asking(served.engine, ids=short(2), key="late")
    assert other.result() == alone
    assert len(large.result()) == 8
    assert len(late.result()) == 8
    with pytest.raises(model.InfoChanged):
        Asking(served.engine, ids=short(2), key="late", version=large.request.version).result()


def test_unloading_waits_for_what_is_under_way(served: Served) -> None:
    large = served.ask_large()
    served.engine._unload()
    assert len(large.result()) == 8
    eventually(lambda: served.engine.status.state == "not loaded")
    assert len(served.ask(short(1), "other").result()) == 8


def test_a_request_keeps_an_idle_model_loaded(served: Served) -> None:
    large = served.ask_large()
    served.engine._unload()
    assert len(served.ask(short(1), "other").result()) == 8, "asked for while the unloading still waits"
    assert len(large.result()) == 8
    assert served.engine.status.state == "ready"


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
    assert len(large.result()) == 8
    assert full
    assert not any(report.warning for report in served.reports)


def test_memory_that_does_not_suffice_for_one_alone_is_told(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    large = served.ask_large()
    other = served.ask(short(1), "other")
    fill(served, monkeypatch, lambda _: True)
    with pytest.raises(model.InfoChanged):
        large.result()
    with pytest.raises((model.InfoChanged, model.OutOfMemory)):
        other.result()
    assert [report.message for report in served.reports if report.warning]


def test_a_storm(served: Served) -> None:
    """Several clients that ask, cancel, look ahead, warm up and close at random: each request has one end, and what is
    written is what is written alone."""
    prompts = [short(seed)[: 10 + 4 * seed] + LARGE[: 300 * (seed % 3)] for seed in range(6)]
    alone = [served.ask(ids, f"alone {number}").result() for number, ids in enumerate(prompts)]
    version = served.engine.info().result(SOON_S).version
    ends: Counter[str] = Counter()

    def client(name: int) -> None:
        chance = random.Random(name)
        for _ in range(40):
            number, key, cancel = chance.randrange(len(prompts)), f"{name}: {chance.randrange(3)}", Event()
            request = model.CompletionRequest(
                ids=prompts[number], key=key, version=version, max_new_tokens=8, is_ahead=chance.random() < 0.2
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
                assert ids == alone[number]
                ends["whole"] += 1
            except model.Cancelled:
                assert ids == alone[number][: len(ids)]
                ends["cancelled"] += 1
            if chance.random() < 0.2:
                served.engine.warm(replace(request, ids=chance.choice(prompts)), Event())
            if chance.random() < 0.1:
                served.engine.forget(key)

    clients = [Thread(target=client, args=(name,), daemon=True) for name in range(4)]
    for one in clients:
        one.start()
    for one in clients:
        one.join(SOON_S)
    assert ends.total() == 160
    assert ends["whole"] > 40
    eventually(lambda: served.engine.status.idle)
    assert not served.core._newest
    assert all(not slot.holders for slot in served.core._slots._slots.values())
