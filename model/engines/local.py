"""The engine in this process: everything happens on the one thread that owns the device."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Event, Timer
from time import monotonic
from typing import TYPE_CHECKING

from ..decoding.prompt_lookup import PromptLookup
from ..errors import Cancelled, ModelError, OutOfMemory
from ..loading.load import LoadedModel
from ..loading.memory import trim_heap
from ..tokenizer import Decoder
from .engine import CompletionRequest, EngineInfo, InfoChanged, Piece, Status, Usage
from .loader import Loader, LocalModel, MayLoad, Report, every_folder
from .worker import Worker

if TYPE_CHECKING:
    from ..decoding.copying.mixture import Mixture
    from ..decoding.request import DraftSource

log = logging.getLogger(__name__)

_UNLOAD = "unload"


class LocalEngine:
    """The owner of the device's thread; see `engine.Engine`. `report` is called from that thread."""

    def __init__(self, report: Callable[[Report], None]) -> None:
        self._worker = Worker("seekline-device")
        self._loader = Loader(report)
        self._unload_timer: Timer | None = None

    @property
    def status(self) -> Status:
        return Status(state=self._loader.state, reason=self._loader.reason, idle=self._worker.idle)

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
        def run(_: Event) -> None:
            with suppress(Cancelled, ModelError):
                loaded, info = self._loader.current()
                if request.version == info.version:
                    loaded.engine.warm(request.ids, cancel=cancel, key=request.key)

        self._worker.submit(run)

    def forget(self, key: str) -> None:
        def run(_: Event) -> None:
            loaded = self._loader.loaded()
            if loaded is not None:
                loaded.forget(key)
            if not self._worker.has_waiting:  # of many that are closed together, the last one
                trim_heap()

        self._worker.submit(run)

    def close(self, timeout_s: float) -> bool:
        if self._unload_timer is not None:
            self._unload_timer.cancel()
        return self._worker.close(timeout_s)

    def _load_ahead(self) -> None:
        with suppress(Exception):  # which is told, and raised to whoever asks for the model
            self._loader.current()

    def _generate(self, request: CompletionRequest, cancel: Event, put: Callable[[Piece], None]) -> None:
        loaded, info = self._loader.current()
        if request.version != info.version:
            raise InfoChanged
        try:
            _write(loaded, request, cancel, put)
            return
        except OutOfMemory as error:
            log.warning("a completion ran out of memory: %s", repr(error.__cause__))
            full = OutOfMemory(error.problem, error.remedy)  # without the frames, which hold the model
        del loaded
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


def _write(loaded: LoadedModel, request: CompletionRequest, cancel: Event, put: Callable[[Piece], None]) -> None:
    usage = Usage(prompt_tokens=len(request.ids), reused_tokens=loaded.engine.reusable_tokens(request.ids))
    deadline_s = None if request.time_limit_s is None else monotonic() + request.time_limit_s
    decoder, written, scores = Decoder(loaded.tokenizer), 0, list[float]()
    mixture = _mixture_of(request, loaded, cancel)
    tokens = loaded.engine.generate(
        request.ids,
        max_new_tokens=request.max_new_tokens,
        cancel=cancel,
        sampling=request.sampling,
        stop_ids=request.stop_ids,
        key=request.key,
        guide=None if request.guide is None else request.guide.start(loaded.vocabulary_index),
        mixture=mixture,
        search=request.search,
        lookup=_drafts_of(request, mixture),
        deadline_s=deadline_s,
        log_probabilities=scores,
    )
    for token in tokens:
        score = scores[written] if written < len(scores) else None
        written += 1
        put(Piece(text=decoder.feed(token), ids=(token,), log_probability=score, usage=usage))
    is_late = deadline_s is not None and monotonic() >= deadline_s
    end = "length" if written >= request.max_new_tokens else "time" if is_late else "end"
    if mixture is not None and request.search is not None and not scores:
        end = "unsure"
    of_stop_token = sum(scores[written:]) if len(scores) > written else None
    put(Piece(text=decoder.finish(), log_probability=of_stop_token, end=end, usage=usage))


def _mixture_of(request: CompletionRequest, loaded: LoadedModel, cancel: Event) -> Mixture | None:
    def check() -> None:
        if cancel.is_set():
            raise Cancelled

    if request.copies is None or loaded.mixer is None:
        return None
    must = b"" if request.guide is None else request.guide.must_start
    return loaded.mixer.start(request.copies, must, check)


def _drafts_of(request: CompletionRequest, mixture: Mixture | None) -> DraftSource | None:
    if request.lookup is None:
        return None
    if mixture is not None:  # which agrees most with what it copies itself
        return mixture.drafts()
    return PromptLookup(request.lookup.before, after=request.lookup.after, barriers=request.stop_ids)
