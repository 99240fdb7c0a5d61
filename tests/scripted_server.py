"""A server on this machine that does what a test says, well or badly, byte by byte; it remembers what it was asked."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

WAIT_S = 20


@dataclass
class Exchange:
    """One request, and the means to answer it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: socket.socket
    waits: Event
    """The server's: set once a script waits for the client to close the connection."""

    left: Event = field(default_factory=Event)
    """Set once the client has closed the connection, if the script waits for that."""

    @property
    def asked(self) -> Any:
        return json.loads(self.body)

    def send(self, text: str | bytes) -> None:
        self.connection.sendall(text.encode() if isinstance(text, str) else text)

    def head(self, status: str = "200 OK", **headers: object) -> None:
        """The head of an answer that ends with the connection."""
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([f"HTTP/1.1 {status}", *lines, "connection: close", "", ""]))

    def stream(self) -> None:
        self.head(content_type="text/event-stream; charset=utf-8")

    def event(self, data: object) -> None:
        self.send(f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n")

    def json(self, value: object, status: str = "200 OK", **headers: object) -> None:
        body = json.dumps(value).encode()
        self.head(status, content_type="application/json", content_length=len(body), **headers)
        self.send(body)

    def wait_until_left(self) -> None:
        """Until the client closes the connection."""
        self.waits.set()
        self.connection.settimeout(WAIT_S)
        try:
            gone = self.connection.recv(1) == b""
        except ConnectionError:
            gone = True
        if gone:
            self.left.set()


Script = Callable[[Exchange], None]


@dataclass
class ScriptedServer:
    """Answers every request by `script`, which may be exchanged at any time, and then closes the connection."""

    script: Script
    exchanges: list[Exchange] = field(default_factory=list)
    tls: Any = None
    port: int = 0
    waits: Event = field(default_factory=Event)
    """Set once a script waits for the client to close its connection."""

    def __enter__(self) -> ScriptedServer:
        self._server = _Listening(("127.0.0.1", self.port), _handler(self))
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}/v1"

    def once_it_waits(self, action: Callable[[], object]) -> None:
        """Calls `action`, on a thread of its own, once a script waits for the client to leave."""

        def act() -> None:
            if self.waits.wait(WAIT_S):
                action()

        Thread(target=act, daemon=True).start()

    def answer(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        self.script(exchange)


class _Listening(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has left is no fault."""


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.close_connection = True
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.answer(Exchange(self.command, self.path, headers, body, self.connection, server.waits))

        do_GET = answer  # noqa: N815 - the name that the library looks for
        do_POST = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
