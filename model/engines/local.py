"""The engine in this process: everything happens on the one thread that owns the device."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from threading import Event, Timer

from ..decoding.request import Pause
from ..errors import Cancelled, EngineDied, ModelError, MustWait, OutOfMemory
from ..loading.fallback import LoadResult
from ..loading.memory import trim_heap
from ..loading.plan import Plan
from .engine import CompletionRequest, EngineInfo, InfoChanged, Piece, Status
from .in_memory import Borrow, nobody_lends
from .loader import Loader
from .runner import ModelRunner
from .scheduler import Scheduler, Steps
from .wanted import LocalModel, MakeRoom, MayLoad, Report, as_it_is, every_folder

log = logging.getLogger(__name__)


class LocalEngine:
    """The owner of the device's thread; see `engine.Engine`. What it is given is called from that thread.

    Requests take turns pass by pass; a model is loaded, exchanged or given back while none is under way.
    """

    def __init__(
        self, report: Callable[[Report], None], make_room: MakeRoom = as_it_is, borrow: Borrow = nobody_lends
    ) -> None:
        self._loader = Loader(report, make_room, borrow)
        self._scheduler = Scheduler("seekline-device", at_end=self._loader.close)
        self._unload_timer: Timer | None = None
        self._unloading: Future[None] | None = None

    @property
    def status(self) -> Status:
        return Status(state=self._loader.state, reason=self._loader.reason, idle=self._scheduler.idle)

    @property
    def plan(self) -> Plan | None:
        """Of what is in memory."""
        runner = self._loader.runner
        return None if runner is None else runner.plan

    @property
    def weights(self) -> object | None:
        """See `ModelRunner.weights`; None where nothing is in memory."""
        runner = self._loader.runner
        return None if runner is None else runner.weights

    def lend(self, wanted: LocalModel, *, kv_limit_bytes: int) -> LoadResult[ModelRunner] | None:
        """See `InMemory.lend`."""
        loaded = self._loader.loaded
        return None if loaded is None else loaded.lend(wanted, kv_limit_bytes=kv_limit_bytes)

    def load(self, wanted: LocalModel, may_load: MayLoad = every_folder) -> None:
        """Starts to load a model, unless it is there, under way, or has failed. What is asked for now waits for it.

        `may_load` is asked on the device's thread before a folder is opened.
        """
        if self._loader.want(wanted, may_load):
            self._scheduler.run_alone(self._load_ahead)

    def retry(self) -> None:
        """Lets the next `load` try again what failed."""
        self._loader.retry()

    def info(self) -> Future[EngineInfo]:
        ready = self._loader.ready_info
        if ready is None:
            return self._scheduler.run_alone(lambda: self._loader.current()[1])
        known: Future[EngineInfo] = Future()
        known.set_result(ready)
        return known

    def stream(self, request: CompletionRequest, cancel: Event) -> Generator[Piece, None, None]:
        pieces: SimpleQueue[Piece | Future[None]] = SimpleQueue()
        written = self._scheduler.submit(
            lambda: self._generate(request, cancel, pieces.put),
            key=request.key,
            cancel=cancel,
            is_ahead=request.is_ahead,
        )
        written.add_done_callback(pieces.put)
        self._unload_later()
        try:
            piece = pieces.get()
            while not isinstance(piece, Future):
                yield piece
                piece = pieces.get()
            piece.result()
        finally:
            cancel.set()  # whoever stops iterating waits for nothing more

    def warm(self, request: CompletionRequest, cancel: Event) -> None:
        self.prefill(request, cancel)

    def prefill(self, request: CompletionRequest, cancel: Event) -> Future[None]:
        """`warm`; the future is done once the prompt is computed, or will not be."""

        def begin() -> Steps[None]:
            with suppress(Cancelled, ModelError):
                runner, info = self._current()
                if request.version == info.version:
                    yield from runner.warm(request, cancel)

        return self._scheduler.submit(begin, key=request.key, cancel=cancel, is_ahead=True)

    def forget(self, key: str) -> None:
        def run() -> None:
            runner = self._loader.runner
            if runner is not None:
                runner.forget(key)
            if not self._scheduler.waiting:  # of many that are closed together, the last one
                trim_heap()

        self._scheduler.run_behind(key, run)

    def unload(self) -> Future[None]:
        """Gives the model's memory back until something is asked for again; done once it is free."""
        return self._scheduler.run_alone(self._loader.unload)

    def close(self, timeout_s: float) -> bool:
        if self._unload_timer is not None:
            self._unload_timer.cancel()
        return self._scheduler.close(timeout_s)

    def _load_ahead(self) -> None:
        with suppress(Exception):  # which is told, and raised to whoever asks for the model
            self._loader.current()

    def _current(self) -> tuple[ModelRunner, EngineInfo]:
        """What is wanted by now, loaded first where it is not there; see `Loader.current`. Raises `MustWait` where that
        would take a model from under others."""
        if self._loader.must_load and self._scheduler.under_way > 1:
            raise MustWait(for_all=True)
        return self._loader.current()

    def _generate(self, request: CompletionRequest, cancel: Event, put: Callable[[Piece], None]) -> Steps[None]:
        runner, info = self._current()
        if request.version != info.version:
            raise InfoChanged
        has_put = False
        try:
            for step in runner.write(request, cancel):
                if isinstance(step, Pause):
                    yield step
                else:
                    put(step)
                    has_put = True
            self._loader.completed()
            return
        except Cancelled:
            if has_put:  # whoever asked has enough
                self._loader.completed()
            raise
        except EngineDied:
            self._loader.look_for_death()
            raise
        except OutOfMemory as error:
            log.warning("a completion ran out of memory: %s", repr(error.__cause__))
            full = OutOfMemory(error.problem, error.remedy)  # without the frames, which hold the model
        del runner
        if self._scheduler.under_way > 1:  # whether it has room alone, is not known yet
            raise full if has_put else MustWait(for_all=True)
        if not self._loader.make_do_with_less(len(request.ids), full):
            raise full
        raise InfoChanged

    def _unload_later(self) -> None:
        """Gives the memory back after the minutes that were wanted, unless something is asked for until then."""
        if self._unload_timer is not None:
            self._unload_timer.cancel()
            self._unload_timer = None
        if self._unloading is not None:
            self._unloading.cancel()
        if self._loader.unload_minutes:
            self._unload_timer = Timer(60 * self._loader.unload_minutes, self._unload)
            self._unload_timer.daemon = True
            self._unload_timer.start()

    def _unload(self) -> None:
        self._unloading = self.unload()
