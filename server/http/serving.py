"""Runs the application: which address, which key, and clients that take too long."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import socket
import sys
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..errors import BadRequest
from ..settings.config import Config
from .app import create_app
from .service import Service

KEY_VARIABLE = "SEEKLINE_HTTP_KEY"
_LEAST_KEY_CHARACTERS = 16
_HEADERS_WITHIN_S = 10.0
_IDLE_S = 30
_READ_WITHIN_S = 30.0
"""A client that reads nothing of what waits for it in that time is not written to any more."""
_BACKLOG = 512
_MOST_CONNECTIONS = 1000
_SHUTDOWN_S = 5


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that does not wait for ever: for the head of a request, nor for a client that does not read."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._deadline = self.loop.call_later(_HEADERS_WITHIN_S, self._is_late)
        self._reads_by: asyncio.TimerHandle | None = None

    def handle_events(self) -> None:
        super().handle_events()
        if self.cycle is not None and not self.cycle.response_complete:
            self._deadline.cancel()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing():
            self._deadline.cancel()
            self._deadline = self.loop.call_later(_IDLE_S + _HEADERS_WITHIN_S, self._is_late)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reads_by = self.loop.call_later(_READ_WITHIN_S, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_waiting()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        self._stop_waiting()
        super().connection_lost(exc)

    def _stop_waiting(self) -> None:
        if self._reads_by is not None:
            self._reads_by.cancel()

    def _is_late(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


def serve_http(config: Config, host: str, port: int) -> None:
    """Serves until it is told to end. Raises `BadRequest` for an address that cannot be listened on, or one that others
    reach while there is no key."""
    key = _key()
    listening = _listen(host, port, has_key=key is not None)
    bound = listening.getsockname()
    shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
    hosts = None if key is not None else frozenset({"localhost", host.lower()})
    app = create_app(Service(config), key=key, hosts=hosts)
    settings = uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        backlog=_BACKLOG,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    print(f"seekline: listening on http://{shown}:{bound[1]}", file=sys.stderr, flush=True)
    server = uvicorn.Server(settings)
    asyncio.run(server.serve(sockets=[listening]))


def _listen(host: str, port: int, *, has_key: bool) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise BadRequest(f"{host!r} is no address of this machine ({error}).", "Write 127.0.0.1 or [::1].") from error
    family, _, _, _, address = found[0]
    if not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback and not has_key:
        raise BadRequest(
            f"{host} can be reached from other machines, so a key is needed.",
            f"Set {KEY_VARIABLE} to one of {_LEAST_KEY_CHARACTERS} characters or more, or listen on 127.0.0.1.",
        )
    try:
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise BadRequest(f"{host}:{port} cannot be listened on: {error.strerror}.", "Choose another port.") from error


def _key() -> str | None:
    """What clients have to know, which no child of this process needs. Raises `BadRequest`."""
    key = os.environ.pop(KEY_VARIABLE, None)
    if key is None:
        return None
    if len(key) < _LEAST_KEY_CHARACTERS or not key.isascii() or not key.isprintable() or " " in key:
        raise BadRequest(
            f"{KEY_VARIABLE} holds no key.",
            f"Give {_LEAST_KEY_CHARACTERS} or more printable ASCII characters without spaces.",
        )
    return key
