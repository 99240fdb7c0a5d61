"""The engine that the settings choose, while they change: the one before is closed and gone before its memory is used
again, and who asked it is answered by the next."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from weakref import ref

import pytest
from fake_engine import INFO
from seekline import model
from seekline.model.engines.chosen import ChosenEngine
from seekline.model.engines.in_process import InProcessRunner
from seekline.model.engines.wanted import MayLoad, every_folder
from tiny_models import IDS

WAIT_S = 30


@dataclass(frozen=True)
class Canned:
    """What a `CannedEngine` is to run: a text to write."""

    text: str


@dataclass
class CannedEngine:
    """An engine of another kind, which never ends while it is not told to and stops when it is closed."""

    report: object
    closed: Event = field(default_factory=Event)
    may_close: Event = field(default_factory=Event)
    version: int = field(default_factory=lambda: model.new_version())
    text: str = ""
    retries: int = 0
    status: model.Status = field(default_factory=lambda: model.Status(state="ready", reason="canned", idle=True))

    def load(self, wanted: Canned, may_load: MayLoad = every_folder) -> None:
        self.text = wanted.text

    def retry(self) -> None:
        self.retries += 1

    def info(self) -> Future[model.EngineInfo]:
        known: Future[model.EngineInfo] = Future()
        known.set_result(replace(INFO, version=self.version))
        return known

    def stream(self, request: model.CompletionRequest, cancel: Event) -> Generator[model.Piece, None, None]:
        if request.version != self.version:
            raise model.InfoChanged
        yield model.Piece(text=self.text)
        while not cancel.wait(0.001):
            if self.closed.is_set():
                raise model.Cancelled
        raise model.Cancelled

    def warm(self, request: model.CompletionRequest, cancel: Event) -> None:
        pass

    def forget(self, key: str) -> None:
        pass

    def close(self, timeout_s: float) -> bool:
        self.closed.set()
        return self.may_close.wait(timeout_s)


@dataclass
class Bench:
    """An engine that is either in this process or canned. `canned`: those that were made."""

    reports: list[model.Report] = field(default_factory=list)
    canned: list[CannedEngine] = field(default_factory=list)

    def __post_init__(self) -> None:
        kinds = {model.LocalModel: model.LocalEngine, Canned: self._make}
        self.engine = ChosenEngine(self.reports.append, kinds)

    def _make(self, report: object) -> CannedEngine:
        self.canned.append(CannedEngine(report))
        return self.canned[-1]

    def version(self) -> int:
        return self.engine.info().result(WAIT_S).version


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    for canned in made.canned:
        canned.may_close.set()
    assert made.engine.close(WAIT_S)


def local(folder: Path) -> model.LocalModel:
    request = model.ModelRequest(model=str(folder), device="cpu", sequence_tokens=256)
    return model.LocalModel(request=request, base=Path.cwd(), threads=1, max_new_tokens=8)


def request_for(version: int) -> model.CompletionRequest:
    return model.CompletionRequest(ids=tuple(IDS), version=version, max_new_tokens=4)


def text_of(bench: Bench) -> str:
    pieces = bench.engine.stream(request_for(bench.version()), Event())
    return "".join(piece.text for piece in pieces)


def test_before_anything_is_wanted_there_is_nothing(bench: Bench) -> None:
    assert bench.engine.status == model.Status(state="not loaded", reason="", idle=True)
    bench.engine.retry()
    bench.engine.forget("a")
    with pytest.raises(RuntimeError, match="nothing was asked"):
        bench.engine.info()


def test_one_of_the_same_kind_goes_on_with_other_wishes(bench: Bench) -> None:
    bench.engine.load(Canned("a"))
    bench.engine.load(Canned("b"))
    bench.engine.retry()
    (engine,) = bench.canned
    assert (engine.text, engine.retries, engine.closed.is_set()) == ("b", 1, False)


def test_what_is_under_way_when_another_is_chosen_is_asked_anew(bench: Bench, llama_folder: Path) -> None:
    bench.engine.load(Canned("a"))
    pieces = bench.engine.stream(request_for(bench.version()), Event())
    assert next(pieces).text == "a"
    bench.canned[0].may_close.set()
    bench.engine.load(local(llama_folder))
    with pytest.raises(model.InfoChanged):
        next(pieces)
    assert text_of(bench)


def test_a_cancel_is_a_cancel(bench: Bench) -> None:
    bench.engine.load(Canned("a"))
    cancel = Event()
    pieces = bench.engine.stream(request_for(bench.version()), cancel)
    next(pieces)
    cancel.set()
    with pytest.raises(model.Cancelled):
        next(pieces)


def test_versions_never_come_again(bench: Bench, llama_folder: Path) -> None:
    seen = []
    for _ in range(3):
        for wanted in (Canned("a"), local(llama_folder)):
            bench.engine.load(wanted)
            for canned in bench.canned:
                canned.may_close.set()
            seen.append(bench.version())
    assert seen == sorted(set(seen))


def test_the_memory_is_given_back_and_the_next_one_waits_for_it(bench: Bench, llama_folder: Path) -> None:
    bench.engine.load(local(llama_folder))
    assert text_of(bench)
    engine = bench.engine.engine
    assert isinstance(engine, model.LocalEngine)
    runner = engine._loader.runner
    assert isinstance(runner, InProcessRunner)
    weights = ref(runner._loaded.engine._backend)
    del engine, runner
    bench.engine.load(Canned("a"))
    asked: list[bool] = []

    def may_load() -> None:
        gc.collect()
        asked.append(weights() is None and bench.canned[0].closed.is_set())

    bench.engine.load(local(llama_folder), may_load)
    assert bench.engine.status.state == "loading"
    assert asked == [], "the one before has not stopped"
    bench.canned[0].may_close.set()
    assert text_of(bench)
    assert asked == [True]


def test_who_waits_for_the_info_of_one_that_leaves_gets_that_of_the_next(bench: Bench, llama_folder: Path) -> None:
    busy, go_on = Event(), Event()

    def may_load() -> None:
        busy.set()
        assert go_on.wait(WAIT_S)

    bench.engine.load(local(llama_folder), may_load)
    assert busy.wait(WAIT_S)
    asked = bench.engine.info()
    bench.engine.load(Canned("a"))
    assert asked.result(WAIT_S).version == bench.canned[0].version
    told = len(bench.reports)
    bench.canned[0].may_close.set()
    go_on.set()
    assert bench.engine.close(WAIT_S)
    assert len(bench.reports) == told, "what becomes of the one before is no news"


def test_none_is_chosen_once_it_is_closed(bench: Bench, llama_folder: Path) -> None:
    """Nobody would close that one."""
    bench.engine.load(local(llama_folder))
    assert bench.engine.close(WAIT_S)
    bench.engine.load(Canned("a"))
    assert not bench.canned
