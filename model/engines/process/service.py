"""The engine process's door: who comes in, who is there, and when it all ends.

What clients ask for is the host's. Nothing here computes, and no client's silence holds up another's.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import BoundedSemaphore, Event, Lock, Thread
from time import monotonic, time
from typing import Protocol

import msgspec

from .build import BUILD, Build
from .client_name import ClientName
from .handshake import Answer, HandshakeFailed, Hello, Verdict, answer, challenge, verdict
from .messages import HostStatus
from .process_status import ProcessStatus
from .sockets import AnothersProcess, Listening

log = logging.getLogger(__name__)

_HANDSHAKE_S = 5.0
_MAX_STRANGERS = 16
"""So many may be about to say who they are; others wait to be accepted."""
_MAX_CLIENTS = 200
_FIRST_CLIENT_S = 60.0
"""Who has started the process is its first client, unless it has died meanwhile."""
_LOOK_EVERY_S = 1.0
_TOUCH_EVERY_S = 3600.0
_CLOSE_S = 5.0


class Hosting(Protocol):
    """What computes for clients: `host.Host`."""

    @property
    def is_idle(self) -> bool: ...

    def serve(self, connection: Connection, client: ClientName) -> None:
        """Does what a client asks; returns when it has gone."""
        ...

    def status(self) -> HostStatus:
        """What it has loaded and does."""
        ...

    def close(self, timeout_s: float) -> bool: ...


class Service:
    """Admits clients and runs each in a thread of its own, until nobody is left."""

    def __init__(
        self, listening: Listening, token: bytes, host: Hosting, *, keep_s: float | None, build: Build = BUILD
    ) -> None:
        self._listening = listening
        self._token = token
        self._host = host
        self._build = build
        self._keep_s = keep_s
        self._lock = Lock()
        self._clients = 0
        self._is_ending = False
        self._ended = Event()
        self._strangers = BoundedSemaphore(_MAX_STRANGERS)
        self._since = time()
        self._alone_until_s: float | None = monotonic() + max(_FIRST_CLIENT_S, keep_s or 0.0)

    def run(self, look: Callable[[], None]) -> None:
        """Serves until it ends: when the last client has gone for long enough, when told so, or when nobody could find
        it any more. `look` is called every second."""
        Thread(target=self._accept, name="seekline-accept", daemon=True).start()
        touch_s = monotonic() + _TOUCH_EVERY_S
        while not self._ended.wait(_LOOK_EVERY_S):
            look()
            if not self._listening.can_be_found:
                self.end("its socket was removed or replaced")
            elif self._is_left():
                self.end("nobody is connected any more")
            if monotonic() > touch_s:
                touch_s += _TOUCH_EVERY_S
                self._listening.touch()
        self._listening.remove()
        if not self._host.close(_CLOSE_S):
            log.warning("the device was still busy")

    def end(self, why: str) -> None:
        """Has `run` return soon; from any thread, and from a signal's handler."""
        if not self._ended.is_set():
            log.info("the end: %s", why)
        self._is_ending = True
        self._ended.set()

    def _is_left(self) -> bool:
        """Whether nobody has been there for long enough; from then on nobody is admitted."""
        with self._lock:
            is_left = self._clients == 0 and self._alone_until_s is not None and monotonic() >= self._alone_until_s
            self._is_ending = self._is_ending or is_left
            return is_left

    def _accept(self) -> None:
        while not self._ended.is_set():
            self._strangers.acquire()
            try:
                connection = self._listening.accept()
            except (AnothersProcess, OSError) as error:
                self._strangers.release()
                log.warning("a client could not be accepted: %s", error)
                self._ended.wait(0.1)  # there may be no descriptors left
                continue
            try:
                Thread(target=self._meet, args=(connection,), name="seekline-client", daemon=True).start()
            except RuntimeError as error:  # there may be no threads left
                connection.close()
                self._strangers.release()
                log.warning("a client could not be accepted: %s", error)

    def _meet(self, connection: Connection) -> None:
        """One connection, from its first byte to its end."""
        with connection:
            try:
                hello = self._greet(connection)
            except (HandshakeFailed, OSError, EOFError) as error:
                log.warning("a client was refused: %s", error or "it left")
                return
            finally:
                self._strangers.release()
            if hello is None:
                return
            try:
                self._host.serve(connection, hello.client)
            except Exception:
                log.exception("client %s, process %d, is not served any more", hello.client.name, hello.client.pid)
            finally:
                self._left(hello.client)

    def _greet(self, connection: Connection) -> Hello | None:
        """Who it is, where it is a client from here on. Raises as `challenge` does."""
        hello = challenge(connection, self._token, monotonic() + _HANDSHAKE_S)
        said, clients = self._admit(hello)
        try:
            answer(
                connection,
                self._token,
                hello,
                Answer(verdict=said, build=self._build, pid=os.getpid(), clients=clients),
            )
        except OSError:
            if hello.purpose == "join" and said == "admitted":
                self._left(hello.client)
            raise
        if said == "making way":
            self.end("it was told to stop" if hello.purpose == "stop" else "a newer version is to take its place")
        elif hello.purpose == "status":
            self._tell_status(connection)
        elif said == "admitted":
            log.info("%s, process %d, is connected", hello.client.name, hello.client.pid)
            return hello
        return None

    def _admit(self, hello: Hello) -> tuple[Verdict, int]:
        """What it is answered, and how many others are there. Who joins counts from here on."""
        with self._lock:
            clients = self._clients
            if self._is_ending:
                return "making way", clients
            said = verdict(self._build, hello, is_free=clients == 0 and self._host.is_idle)
            if hello.purpose == "join" and said == "admitted":
                if clients >= _MAX_CLIENTS:
                    return "refused", clients
                self._clients += 1
                self._keep_s = hello.keep_s
            self._is_ending = said == "making way"
            return said, clients

    def _left(self, client: ClientName) -> None:
        with self._lock:
            self._clients -= 1
            if self._clients == 0:
                self._alone_until_s = None if self._keep_s is None else monotonic() + self._keep_s
        log.info("%s, process %d, has left", client.name, client.pid)

    def _tell_status(self, connection: Connection) -> None:
        status = ProcessStatus(
            pid=os.getpid(),
            version=self._build.version,
            since=self._since,
            keep_s=self._keep_s,
            host=self._host.status(),
        )
        with suppress(OSError):  # it did not wait for it
            connection.send_bytes(msgspec.json.encode(status))
