"""The engine in this process: everything happens on the one thread that owns the device."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Event, Timer

from ..errors import Cancelled, EngineDied, ModelError, OutOfMemory
from ..loading.memory import trim_heap
from ..loading.plan import Plan
from .engine import CompletionRequest, EngineInfo, InfoChanged, Piece, Status
from .loader import Loader
from .wanted import LocalModel, MakeRoom, MayLoad, Report, as_it_is, every_folder
from .worker import Worker

log = logging.getLogger(__name__)

_UNLOAD = "unload"


class LocalEngine:
    """The owner of the device's thread; see `engine.Engine`. `report` and `make_room` are called from that thread."""

    def __init__(self, report: Callable[[Report], None], make_room: MakeRoom = as_it_is) -> None:
        self._worker = Worker("seekline-device")
        self._loader = Loader(report, make_room)
        self._unload_timer: Timer | None = None

    @property
    def status(self) -> Status:
        return Status(state=self._loader.state, reason=self._loader.reason, idle=self._worker.idle)

    @property
    def plan(self) -> Plan | None:
        """Of what is in memory."""
        runner = self._loader.runner()
        return None if runner is None else runner.plan

    def load(self, wanted: LocalModel, may_load: MayLoad = every_folder) -> None:
        """Starts to load a model, unless it is there, under way, or has failed. What is asked for now waits for it.

        `may_load` is asked on the device's thread before a folder is opened.
        """
        if self._loader.want(wanted, may_load):
            self._worker.submit(lambda _: self._load_ahead())

    def retry(self) -> None:
        """Lets the next `load` try again what failed."""
        self._loader.retry()

    def info(self) -> Future[EngineInfo]:
        ready = self._loader.ready_info
        if ready is None:
            return self._worker.submit(lambda _: self._loader.current()[1]).future
        known: Future[EngineInfo] = Future()
        known.set_result(ready)
        return known

    def stream(self, request: CompletionRequest, cancel: Event) -> Generator[Piece, None, None]:
        pieces: SimpleQueue[Piece | Future[None]] = SimpleQueue()
        job = self._worker.submit(lambda _: self._generate(request, cancel, pieces.put))
        job.future.add_done_callback(pieces.put)
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

        def run(_: Event) -> None:
            with suppress(Cancelled, ModelError):
                runner, info = self._loader.current()
                if request.version == info.version:
                    runner.warm(request, cancel)

        return self._worker.submit(run).future

    def forget(self, key: str) -> None:
        def run(_: Event) -> None:
            runner = self._loader.runner()
            if runner is not None:
                runner.forget(key)
            if not self._worker.has_waiting:  # of many that are closed together, the last one
                trim_heap()

        self._worker.submit(run)

    def unload(self) -> Future[None]:
        """Gives the model's memory back until something is asked for again; done once it is free."""
        return self._worker.submit(self._unload_idle).future

    def close(self, timeout_s: float) -> bool:
        if self._unload_timer is not None:
            self._unload_timer.cancel()
        has_stopped = self._worker.close(timeout_s)
        if has_stopped:
            self._loader.close()
        return has_stopped

    def _load_ahead(self) -> None:
        with suppress(Exception):  # which is told, and raised to whoever asks for the model
            self._loader.current()

    def _generate(self, request: CompletionRequest, cancel: Event, put: Callable[[Piece], None]) -> None:
        runner, info = self._loader.current()
        if request.version != info.version:
            raise InfoChanged
        try:
            runner.write(request, cancel, put)
            self._loader.completed()
            return
        except EngineDied:
            self._loader.look_for_death()
            raise
        except OutOfMemory as error:
            log.warning("a completion ran out of memory: %s", repr(error.__cause__))
            full = OutOfMemory(error.problem, error.remedy)  # without the frames, which hold the model
        del runner
        if not self._loader.make_do_with_less(len(request.ids), full):
            raise full
        raise InfoChanged

    def _unload_later(self) -> None:
        """Gives the memory back after the minutes that were wanted, unless something is asked for until then."""
        if self._unload_timer is not None:
            self._unload_timer.cancel()
            self._unload_timer = None
        self._worker.cancel(_UNLOAD)
        if self._loader.unload_minutes:
            submit = partial(self._worker.submit, self._unload_idle, key=_UNLOAD)
            self._unload_timer = Timer(60 * self._loader.unload_minutes, submit)
            self._unload_timer.daemon = True
            self._unload_timer.start()

    def _unload_idle(self, _: Event) -> None:
        self._loader.unload()
