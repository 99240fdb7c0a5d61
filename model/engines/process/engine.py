"""The engine that all editors of a user share, as one editor's server sees it. Nothing of a model is in this process.

Where no such process can be had, the editor's own process computes, and that is told once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from threading import Event, Lock, Thread
from time import monotonic

from ...errors import Cancelled, EngineDied, EngineUnreachable, ModelError, PathNotAgreed
from ...loading.memory import trim_heap
from ..engine import CompletionRequest, EngineInfo, InfoChanged, Piece, State, Status, new_version
from ..futures import pass_on, pass_on_error, settle
from ..local import LocalEngine
from ..wanted import MayLoad, Report, every_folder
from ..worker import Worker
from .link import Link, engine_died, engine_keeps_dying
from .messages import KnownInfo, Load, Reported, error_of, info_of_known
from .rendezvous import find_or_start
from .shared_model import SharedModel, as_anywhere, without_links

log = logging.getLogger(__name__)

_MOST_DEATHS = 3
FindOrStart = Callable[[SharedModel], Connection]


def meet(wanted: SharedModel) -> Connection:
    """A connection to the process of all editors. Raises `EngineUnreachable`."""
    return find_or_start(wanted.place, wanted.client, keep_s=wanted.keep_s, memory_bytes=wanted.memory_bytes)


class SharedEngine:
    """See `engine.Engine` and `chosen.ChoosableEngine`. `report` is called from threads of this engine's."""

    def __init__(self, report: Callable[[Report], None], find_or_start: FindOrStart = meet) -> None:
        self._report = report
        self._find_or_start = find_or_start
        self._worker = Worker("seekline-shared")  # what may wait for the process: to meet it, and to tell it something
        self._lock = Lock()
        self._wanted: SharedModel | None = None
        self._may_load: MayLoad = every_folder
        self._is_due = False  # what is wanted was not said yet
        self._again = False
        self._link: Link | None = None
        self._local: LocalEngine | None = None
        self._known: tuple[KnownInfo, EngineInfo] | None = None  # what it is there, and here
        self._error: Exception | None = None
        self._deaths = 0  # without a completion in between
        self._is_closing = False
        self._state: State = "not loaded"
        self._reason = ""

    @property
    def status(self) -> Status:
        local, link = self._local, self._link
        if local is not None:
            return local.status
        idle = self._worker.idle and self._state != "loading" and (link is None or link.is_idle)
        return Status(state=self._state, reason=self._reason, idle=idle)

    def load(self, wanted: SharedModel, may_load: MayLoad = every_folder) -> None:
        wanted = replace(wanted, local=as_anywhere(wanted.local))
        with self._lock:
            is_same = wanted == self._wanted
            self._wanted, self._may_load = wanted, may_load
            is_down = self._local is None and not self._is_up and self._error is None
            if is_same and (self._is_due or not is_down):
                return
            self._is_due = True
            if not is_same:
                self._deaths, self._error, self._known = 0, None, None
            self._state = "loading"
        self._worker.submit(lambda _: self._load_ahead())

    def retry(self) -> None:
        with self._lock:
            if self._state == "failed":
                self._wanted, self._again = None, True
        if self._local is not None:
            self._local.retry()

    def info(self) -> Future[EngineInfo]:
        known = self._known
        asked: Future[EngineInfo] = Future()
        if known is not None and self._is_up:
            asked.set_result(known[1])
            return asked
        asking = self._worker.submit(lambda _: self._ask_info(asked)).future
        asking.add_done_callback(lambda done: pass_on_error(done, asked))
        return asked

    def stream(self, request: CompletionRequest, cancel: Event) -> Generator[Piece, None, None]:
        if self._local is not None:
            yield from self._local.stream(request, cancel)
            return
        link, asked = self._link_for(request)
        has_come = False
        try:
            for piece in link.stream(asked, cancel):
                has_come = True
                yield piece
            self._deaths = 0
        except InfoChanged:
            self._forget_info(request.version)
            raise
        except (GeneratorExit, Cancelled):
            if has_come:  # whoever asked has enough
                self._deaths = 0
            raise

    def warm(self, request: CompletionRequest, cancel: Event) -> None:
        def run() -> None:
            with suppress(Cancelled, InfoChanged, ModelError):
                link, asked = self._link_for(request)
                for _ in link.stream(asked, cancel, warms=True):
                    pass

        if self._local is not None:
            self._local.warm(request, cancel)
        else:
            Thread(target=run, name="seekline-warm", daemon=True).start()

    def forget(self, key: str) -> None:
        def run(_: Event) -> None:
            if self._local is not None:
                self._local.forget(key)
            elif self._link is not None:
                with suppress(EngineDied):
                    self._link.forget(key)

        self._worker.submit(run)

    def close(self, timeout_s: float) -> bool:
        deadline_s = monotonic() + timeout_s
        with self._lock:  # from here on the worker ends by itself what it still comes by
            self._is_closing = True
            link, local = self._link, self._local
        stopped = [one.close(timeout_s) for one in (link, local) if one is not None]
        stopped.append(self._worker.close(max(0.0, deadline_s - monotonic())))
        return all(stopped)

    @property
    def _is_up(self) -> bool:
        return self._link is not None and self._link.is_alive

    def _link_for(self, request: CompletionRequest) -> tuple[Link, CompletionRequest]:
        """Where to ask, and the request as it is asked there. Raises `InfoChanged` where it was made for another model
        than the one there by now."""
        link, known = self._link, self._known
        if link is None or known is None or request.version != known[1].version:
            raise InfoChanged
        return link, replace(request, version=known[0].version)

    def _forget_info(self, version: int) -> None:
        known = self._known
        if known is not None and known[1].version == version:
            self._known = None

    def _load_ahead(self) -> None:
        with suppress(Exception):  # which is told, and raised to whoever asks for the model
            self._ready()

    def _ask_info(self, asked: Future[EngineInfo]) -> None:
        engine = self._ready()
        if isinstance(engine, LocalEngine):
            engine.info().add_done_callback(lambda known: pass_on(known, asked))
            return

        def learn(known: Future[KnownInfo]) -> None:
            try:
                settle(asked, result=self._learn(known.result()))
            except Exception as error:  # noqa: BLE001 - whoever asked learns of it
                settle(asked, error=error)

        engine.info().add_done_callback(learn)

    def _ready(self) -> Link | LocalEngine:
        """Who computes, told what is wanted. On the worker's thread. Raises why there is nobody."""
        with self._lock:
            wanted, may_load, is_due, again = self._wanted, self._may_load, self._is_due, self._again
            self._is_due = self._again = False
        if wanted is None:
            raise RuntimeError("nothing was asked to be loaded")
        if not is_due and self._local is not None:
            return self._local
        if not is_due and self._error is not None:
            raise self._error.with_traceback(None)
        if not is_due and self._is_up and self._link is not None:
            return self._link
        try:
            return self._load(wanted, may_load, again=again)
        except (EngineDied, Cancelled):  # its link tells of the one, once; of the other nobody need know
            raise
        except Exception as error:
            self._fail(error)
            raise

    def _load(self, wanted: SharedModel, may_load: MayLoad, *, again: bool) -> Link | LocalEngine:
        self._error = None
        if not self._is_up:
            try:
                self._join(self._find_or_start(wanted))
            except EngineUnreachable as error:
                return self._compute_here(wanted, may_load, error)
        if self._local is not None:  # the process is there again
            self._local.close(0)
            self._local = None
        agreed = may_load()
        assert self._link is not None
        agreed_paths = None if agreed is None else tuple(sorted(agreed))
        self._link.load(Load(wanted=without_links(wanted.local), agreed=agreed_paths, again=again))
        return self._link

    def _join(self, connection: Connection) -> None:
        """Raises `Cancelled` where this was closed meanwhile."""
        link = Link(connection, self._reported, self._ended)
        with self._lock:
            if not self._is_closing:
                self._link = link
        link.start()  # which may end at once: it is the one that is known by then
        if link is not self._link:
            link.close(0)
            raise Cancelled

    def _compute_here(self, wanted: SharedModel, may_load: MayLoad, error: EngineUnreachable) -> LocalEngine:
        """Raises `Cancelled` where this was closed meanwhile."""
        with self._lock:
            if self._is_closing:
                raise Cancelled
            is_new = self._local is None
            local = self._local = self._local or LocalEngine(self._report)
        if is_new:
            self._report(Report(message=f"{error} This editor's completions are computed apart.", warning=True))
        local.load(wanted.local, may_load)
        return local

    def _reported(self, said: Reported) -> None:
        """On the link's thread."""
        refused = None if said.refused is None else error_of(said.refused)
        info: EngineInfo | None = None
        try:
            info = None if said.info is None else self._learn(said.info)
        except ModelError as error:
            self._fail(error)
            return
        if said.done:
            self._state = "ready" if info is not None else "failed"
            self._reason = str(refused) if refused is not None else said.error or said.message
        self._report(
            Report(
                message=said.message,
                done=said.done,
                error=said.error,
                warning=said.warning,
                refused=refused if isinstance(refused, PathNotAgreed) else None,
                info=info,
            )
        )

    def _learn(self, known: KnownInfo) -> EngineInfo:
        """What the process says of its model, with a version of this process's. Raises what `Tokenizer` raises."""
        with self._lock:
            if self._known is None or self._known[0] != known:
                self._known = known, info_of_known(known, new_version())
                trim_heap()  # reading a vocabulary leaves much behind, and this process is to be small
            return self._known[1]

    def _ended(self, link: Link) -> None:
        """The process is gone, on the link's thread: the next `load`, or whoever asks for the model, meets another, if
        nobody has by now."""
        if self._is_closing:
            return
        self._deaths += 1
        error: EngineDied = engine_died()
        if self._deaths < _MOST_DEATHS:
            if self._link is link:
                self._known = None
                self._state, self._reason = "not loaded", error.problem
            self._report(Report(message=str(error), warning=True))
            return
        self._known = None
        self._fail(engine_keeps_dying(_MOST_DEATHS))

    def _fail(self, error: Exception) -> None:
        self._state, self._reason, self._error = "failed", str(error), error
        if isinstance(error, PathNotAgreed):
            self._report(Report(message="no model", done=True, refused=error))
            return
        if not isinstance(error, ModelError):
            log.error("the shared engine failed", exc_info=error)
        self._report(Report(message="no model", done=True, error=str(error)))
