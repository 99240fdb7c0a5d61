"""A client of one server: the connections, and the thread whose event loop reads them.

Callers are threads that wait: each wait ends when something comes, when its time is over, or when its `cancel` is set,
and the connection is closed as soon as nobody waits. That is why the loop: only there can every step be given up, be it
a name that is looked up, a handshake or a read.

It opens no connection by itself, and speaks with no other server: redirects are not followed, and of the environment
neither proxies nor stored passwords are taken. Certificates are verified always.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Generator, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ...errors import Cancelled
from .event_stream import EventDecoder
from .exchange import as_failures, check_answer, make_client, parsed, read_whole
from .failures import HttpFailure

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")

_LOOKS_EVERY_S = 0.01
"""How often a thread that waits looks whether it was cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Whom a client speaks with. `url`: what paths are added to. `headers`: sent with every request, to nobody else.
    `secrets`: what is in them that no message may quote. `connect_s`: how long a connection may take."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Collection[str] = field(default=(), repr=False)
    connect_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    """What lives on the thread of the loop."""

    loop: asyncio.AbstractEventLoop
    client: httpx2.AsyncClient
    stop: asyncio.Event


class HttpClient:
    """See the module. From any thread; the one of the loop starts with the first request."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lock = Lock()
        self._is_closed = False
        self._thread: Thread | None = None
        self._under_way: set[Future[None]] = set()
        self._running: Future[_Running] = Future()

    def json(self, method: str, path: str, body: object = None, *, cancel: Event, limit_s: float) -> Any:
        """What the server answers within `limit_s`. Raises `HttpFailure`, also where that is no JSON, and
        `Cancelled`."""

        async def exchange(client: httpx2.AsyncClient, put: Callable[[bytes], None]) -> None:
            async with client.stream(method, path, **_content(body)) as answer:
                await check_answer(answer, "application/json", self._server.secrets)
                put(await read_whole(answer))

        with self._received(exchange, cancel) as received:
            answered = received.next(limit_s)
        assert answered is not None
        return parsed(answered)

    def events(
        self,
        path: str,
        body: object,
        *,
        cancel: Event,
        first_s: float,
        between_s: float,
        deadline_s: float = inf,
    ) -> Generator[str, None, None]:
        """The data of each server-sent event that answers a POST, as it comes, until the connection ends.

        `first_s`, `between_s`: how long the first may take, and each of the others; `deadline_s`: when they are over,
        by the monotonic clock. Raises `HttpFailure` and `Cancelled`. Whoever stops iterating closes the connection.
        """

        async def exchange(client: httpx2.AsyncClient, put: Callable[[str], None]) -> None:
            decoder = EventDecoder()
            async with client.stream("POST", path, **_content(body)) as answer:
                await check_answer(answer, "text/event-stream", self._server.secrets)
                async for part in answer.aiter_raw():
                    for data in decoder.feed(part):
                        put(data)

        with self._received(exchange, cancel) as received:
            data = received.next(first_s, deadline_s)
            while data is not None:
                yield data
                data = received.next(between_s, deadline_s)

    def close(self, timeout_s: float) -> bool:
        """Gives up all that is under way, with `Cancelled`; False where the thread does not end in time."""
        with self._lock:
            was_closed, self._is_closed = self._is_closed, True
            thread = self._thread
            under_way = list(self._under_way)
        for work in under_way:
            work.cancel()
        if thread is None:
            return True
        if not was_closed and self._running.exception() is None:
            running = self._running.result()
            running.loop.call_soon_threadsafe(running.stop.set)
        thread.join(timeout_s)
        return not thread.is_alive()

    @contextmanager
    def _received(
        self, exchange: Callable[[httpx2.AsyncClient, Callable[[T], None]], Awaitable[None]], cancel: Event
    ) -> Iterator[_Received[T]]:
        """What an exchange puts, for as long as somebody waits for it."""
        if cancel.is_set():
            raise Cancelled
        queue: SimpleQueue[T | Future[None]] = SimpleQueue()

        async def run(client: httpx2.AsyncClient) -> None:
            with as_failures():
                await exchange(client, queue.put)

        with self._lock:  # so that none begins once it is closed
            if self._is_closed:
                raise Cancelled
            running = self._start()
            work = asyncio.run_coroutine_threadsafe(run(running.client), running.loop)
            self._under_way.add(work)
        work.add_done_callback(queue.put)
        try:
            yield _Received(queue, cancel)
        finally:
            work.cancel()
            with self._lock:
                self._under_way.discard(work)

    def _start(self) -> _Running:
        """Starts the thread unless it runs. Under the lock."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name="seekline-http", daemon=True)
            self._thread.start()
        return self._running.result()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._running.done():
                raise
            self._running.set_exception(error)  # whoever asked raises it

    async def _serve(self) -> None:
        stop = asyncio.Event()
        async with make_client(self._server.url, self._server.headers, self._server.connect_s) as client:
            self._running.set_result(_Running(loop=asyncio.get_running_loop(), client=client, stop=stop))
            await stop.wait()
            # Which are cancelled by now, each from its outermost task on; then the library closes what they opened.
            ending = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.gather(*ending, return_exceptions=True)


class _Received(Generic[T]):
    """What comes from the loop's thread, for the one that waits. `queue`: ends with the future of the exchange."""

    def __init__(self, queue: SimpleQueue[T | Future[None]], cancel: Event) -> None:
        self._queue = queue
        self._cancel = cancel

    def next(self, limit_s: float, deadline_s: float = inf) -> T | None:
        """The next of it, None at the end. Raises `Cancelled`, and `HttpFailure`, also once `limit_s` has passed, or
        the deadline."""
        deadline_s = min(deadline_s, monotonic() + limit_s)
        while True:
            if self._cancel.is_set():
                raise Cancelled
            try:
                item = self._queue.get(timeout=_LOOKS_EVERY_S)
            except Empty:
                if monotonic() < deadline_s:
                    continue
                raise HttpFailure("too slow", f"said nothing for {limit_s:.3g} s") from None
            if not isinstance(item, Future):
                return item
            try:
                item.result()
            except CancelledError:  # the client was closed
                raise Cancelled from None
            return None


def _content(body: object) -> dict[str, Any]:
    if body is None:
        return {}
    return {"content": json.dumps(body).encode(), "headers": {"content-type": "application/json"}}
