"""The engine that the settings choose: one at a time, another one as soon as other settings ask for it.

It owns which engine that is, and when the one before it has gone. What an engine does is the engine's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any, Protocol

from ..errors import Cancelled
from ..loading.memory import release_memory
from .engine import CompletionRequest, Engine, EngineInfo, InfoChanged, Piece, Status
from .futures import pass_on
from .local import LocalEngine
from .process.engine import SharedEngine
from .process.shared_model import SharedModel
from .remote.engine import RemoteEngine
from .remote.remote_model import RemoteModel
from .wanted import LocalModel, MayLoad, Report, every_folder

log = logging.getLogger(__name__)

_STOPS_WITHIN_S = 600.0
"""The longest that a device is busy with what cannot be interrupted: reading the weights of a large model."""


class ChoosableEngine(Engine, Protocol):
    """An engine that is told what to run."""

    def load(self, wanted: Any, may_load: MayLoad = every_folder) -> None:
        """Starts to make `wanted` ready, unless it is, is under way, or has failed. What is asked for now waits for
        it. `may_load`: asked on a thread of the engine's own, before anything is loaded."""
        ...

    def retry(self) -> None:
        """Lets the next `load` try again what failed."""
        ...


MakeEngine = Callable[[Callable[[Report], None]], ChoosableEngine]
ENGINES: Mapping[type, MakeEngine] = {
    LocalModel: LocalEngine,
    SharedModel: SharedEngine,
    RemoteModel: RemoteEngine,
}
"""Which engine runs what may be wanted. Each imports the libraries that it needs when it needs them."""


class ChosenEngine:
    """See `engine.Engine`; `report` is called from threads of the engines. `engines`: what there is to choose from.

    The one before is closed when another one is chosen: what it was asked raises `InfoChanged` or `Cancelled`, and what
    the next one loads waits until the memory is given back.
    """

    def __init__(self, report: Callable[[Report], None], engines: Mapping[type, MakeEngine] = ENGINES) -> None:
        self._report = report
        self._engines = engines
        self._lock = Lock()
        self._kind: type | None = None
        self._engine: ChoosableEngine | None = None
        self._number = 0  # of the engine, to tell its reports from those of the ones before
        self._leaving: Thread | None = None
        self._is_closed = False

    @property
    def engine(self) -> ChoosableEngine | None:
        """The one that is chosen now; None before the first `load`."""
        return self._engine

    @property
    def status(self) -> Status:
        engine = self._engine
        return engine.status if engine is not None else Status(state="not loaded", reason="", idle=True)

    def load(self, wanted: object, may_load: MayLoad = every_folder) -> None:
        """Has the engine for `wanted` make it ready; see `ChoosableEngine.load`."""
        with self._lock:
            if self._is_closed:
                return
            if self._engine is None or type(wanted) is not self._kind:
                self._choose(type(wanted))
            engine, leaving = self._engine, self._leaving
        assert engine is not None
        engine.load(wanted, may_load if leaving is None else _once_gone(leaving, may_load))

    def retry(self) -> None:
        """Lets the next `load` try again what failed."""
        engine = self._engine
        if engine is not None:
            engine.retry()

    def info(self) -> Future[EngineInfo]:
        known: Future[EngineInfo] = Future()
        self._ask_info(known)
        return known

    def stream(self, request: CompletionRequest, cancel: Event) -> Generator[Piece, None, None]:
        engine = self._chosen()
        try:
            yield from engine.stream(request, cancel)
        except Cancelled:
            if engine is self._engine:
                raise
            raise InfoChanged from None  # it was closed: whoever still waits may ask the one that is chosen now

    def warm(self, request: CompletionRequest, cancel: Event) -> None:
        self._chosen().warm(request, cancel)

    def forget(self, key: str) -> None:
        engine = self._engine
        if engine is not None:
            engine.forget(key)

    def close(self, timeout_s: float) -> bool:
        deadline_s = monotonic() + timeout_s
        with self._lock:  # from here on none is chosen that nobody would close
            self._is_closed = True
            engine, leaving = self._engine, self._leaving
        has_stopped = engine is None or engine.close(timeout_s)
        if leaving is not None:
            leaving.join(max(0.0, deadline_s - monotonic()))
            has_stopped = has_stopped and not leaving.is_alive()
        return has_stopped

    def _ask_info(self, known: Future[EngineInfo]) -> None:
        """Settles `known` as soon as the engine does that is chosen by then."""
        engine = self._chosen()

        def settle(asked: Future[EngineInfo]) -> None:
            error = asked.exception()
            if isinstance(error, Cancelled) and engine is not self._engine:
                self._ask_info(known)
                return
            pass_on(asked, known)

        engine.info().add_done_callback(settle)

    def _chosen(self) -> ChoosableEngine:
        engine = self._engine
        if engine is None:
            raise RuntimeError("nothing was asked to be loaded")
        return engine

    def _choose(self, kind: type) -> None:
        """Makes the engine for what is wanted; the one before it leaves. Under the lock."""
        before, also_leaving = self._engine, self._leaving
        self._number += 1
        number = self._number

        def report(what: Report) -> None:
            if number == self._number:  # what becomes of an engine that nobody wants any more is no news
                self._report(what)

        self._kind, self._engine = kind, self._engines[kind](report)
        if before is not None:
            self._leaving = Thread(target=_close, args=(before, also_leaving), name="seekline-closing", daemon=True)
            self._leaving.start()


def _close(engine: ChoosableEngine, also_leaving: Thread | None) -> None:
    """Ends when neither the engine nor the one before it is there any more."""
    if not engine.close(_STOPS_WITHIN_S):
        log.warning("an engine that is not wanted any more does not stop")
    del engine
    release_memory()
    if also_leaving is not None:
        also_leaving.join()


def _once_gone(leaving: Thread, may_load: MayLoad) -> MayLoad:
    """Waits for the memory before it asks, on the thread that is going to load: two models need not fit in it."""

    def ask() -> Any:
        leaving.join()
        return may_load()

    return ask
