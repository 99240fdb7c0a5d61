"""The engine that sends prompts to a server: whom it asks, and what has become of that.

Nothing is opened before the user's own settings have named the server. Which model it has, and how that takes prompts,
is asked for once; again only after something has failed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from threading import Event, Lock

from ...errors import Cancelled, ModelError
from ...tokenizer import Tokenizer
from ..engine import CompletionRequest, EngineInfo, InfoChanged, Piece, State, Status, new_version
from ..futures import settle
from ..http.client import HttpClient
from ..wanted import MayLoad, Report, every_folder
from ..worker import Worker
from .connection import Connection
from .introduction import client_for, info_of_server, introduce, tokenizer_of, warning_about
from .remote_model import RemoteModel, address_of

log = logging.getLogger(__name__)

_ASK = "ask"
_CLOSE_S = 5.0


class RemoteEngine:
    """See `engine.Engine`; `report` is called from a thread of its own."""

    def __init__(self, report: Callable[[Report], None]) -> None:
        self._report = report
        self._worker = Worker("seekline-remote")
        self._lock = Lock()
        self._wanted: RemoteModel | None = None
        self._may_retry = False
        self._is_asking = False
        self._waiting: list[Future[EngineInfo]] = []  # for what the server says of itself
        self._connection: Connection | None = None
        self._info: EngineInfo | None = None
        self._has_failed = False  # since the server was asked what it is
        self._under_way = 0
        self._state: State = "not loaded"
        self._reason = ""
        # Of the worker's thread alone.
        self._client: HttpClient | None = None
        self._tokenizer: Tokenizer | None = None

    @property
    def status(self) -> Status:
        with self._lock:
            is_idle = self._under_way == 0 and not self._is_asking
            return Status(state=self._state, reason=self._reason, idle=is_idle)

    def load(self, wanted: RemoteModel, may_load: MayLoad = every_folder) -> None:
        """Asks the server what it is, unless that is known or has failed. There is nothing to ask `may_load` for: only
        the user's own settings name a server, and the tokenizer for it."""
        with self._lock:
            if wanted == self._wanted and not self._may_retry:
                return
            if wanted != self._wanted:
                self._wanted, self._connection, self._info = wanted, None, None
                self._state, self._reason = "loading", ""
            self._may_retry = False
            self._ask_soon()

    def retry(self) -> None:
        with self._lock:
            self._may_retry = self._state == "failed"

    def info(self) -> Future[EngineInfo]:
        """After a failure each one has the server asked again: it may be there by now."""
        known: Future[EngineInfo] = Future()
        with self._lock:
            if self._wanted is None:
                raise RuntimeError("nothing was asked to be loaded")
            if self._info is not None and not self._has_failed:
                known.set_result(self._info)
                return known
            self._waiting.append(known)
            if not self._is_asking:
                self._ask_soon()
        return known

    def stream(self, request: CompletionRequest, cancel: Event) -> Generator[Piece, None, None]:
        with self._lock:
            connection, info = self._connection, self._info
            if connection is None or info is None or info.version != request.version:
                raise InfoChanged
            self._under_way += 1
        try:
            yield from connection.write(request, cancel)
        except InfoChanged:
            self._changed(connection)
            raise
        except ModelError as error:
            self._failed(connection, error)
            raise
        finally:
            cancel.set()  # whoever stops iterating waits for nothing more
            with self._lock:
                self._under_way -= 1

    def warm(self, request: CompletionRequest, cancel: Event) -> None:
        """Nothing: what nobody asked for is not sent."""

    def forget(self, key: str) -> None:
        """Nothing: nothing is kept here."""

    def close(self, timeout_s: float) -> bool:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        has_stopped = self._worker.close(timeout_s)
        client = self._client
        if client is not None:
            has_stopped = client.close(timeout_s) and has_stopped
        for known in waiting:
            settle(known, error=Cancelled())
        return has_stopped

    def _ask_soon(self) -> None:
        """Under the lock. Newer settings take the place of what is asked for older ones."""
        assert self._wanted is not None
        self._is_asking = True
        self._worker.submit(partial(self._ask, self._wanted, self._connection is None), key=_ASK)

    def _ask(self, wanted: RemoteModel, is_new: bool, cancel: Event) -> None:
        try:
            if is_new:
                self._start(wanted)
            assert self._client is not None
            connection, info = introduce(wanted, self._client, self._tokenizer, cancel)
        except Cancelled:
            raise
        except Exception as error:
            if not isinstance(error, ModelError):
                log.exception("a server cannot be asked")
            self._answered(wanted, error, None)
        else:
            self._answered(wanted, info, connection)

    def _start(self, wanted: RemoteModel) -> None:
        """What belongs to new settings. Raises `RemoteFailed`."""
        before, self._client = self._client, None
        if before is not None:
            before.close(_CLOSE_S)
        self._report(Report(message=f"asking {address_of(wanted.url).origin}"))
        self._client = client_for(wanted)
        warning = warning_about(wanted)
        if warning is not None:
            self._report(Report(message=warning, warning=True))
        self._tokenizer = tokenizer_of(wanted)

    def _answered(self, wanted: RemoteModel, found: EngineInfo | Exception, connection: Connection | None) -> None:
        with self._lock:
            if wanted is not self._wanted:
                return  # who waits is answered by the server of newer settings
            self._is_asking = False
            waiting, self._waiting = self._waiting, []
            if isinstance(found, EngineInfo):
                found = self._known(found, connection)
            else:
                self._state, self._reason, self._has_failed = "failed", str(found), True
        if isinstance(found, EngineInfo):
            self._report(Report(message=found.summary, done=True, info=found))
            for known in waiting:
                settle(known, result=found)
        else:
            self._report(Report(message="no model", done=True, error=str(found)))
            for known in waiting:
                settle(known, error=found)

    def _known(self, info: EngineInfo, connection: Connection | None) -> EngineInfo:
        """Under the lock. A server that is still what it was keeps the form in which it is asked, and its version."""
        before = self._info
        is_same = before is not None and self._connection is not None and self._connection.is_like(connection)
        if not is_same:
            self._info = before = replace(info, version=new_version())
            self._connection = connection
        assert before is not None
        self._state, self._reason, self._has_failed = "ready", before.summary, False
        return before

    def _failed(self, connection: Connection, error: ModelError) -> None:
        with self._lock:
            if connection is self._connection:
                self._state, self._reason, self._has_failed = "failed", str(error), True

    def _changed(self, connection: Connection) -> None:
        """The server takes prompts in another form."""
        with self._lock:
            if connection is self._connection and self._wanted is not None:
                address = address_of(self._wanted.url)
                info = info_of_server(self._wanted, address, connection.facts, connection.form, self._tokenizer)
                self._info = replace(info, version=new_version())
