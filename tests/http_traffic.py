"""A forwarder on loopback between a real client and a server, which keeps what the client sends."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRequest:
    """One request and the status of its answer. `headers` by lower-case names; `body` as JSON."""

    path: str
    headers: Mapping[str, str]
    body: Any
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """The forwarder's own port, and the requests that have been answered so far, in the order of their answers."""

    port: int
    requests: list[SeenRequest] = field(default_factory=list)


class _Forwarder(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for the requests in progress

    def __init__(self, port: int, on_answer: Callable[[SeenRequest], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port = port
        self.traffic = Traffic(port=self.server_address[1])
        self.on_answer = on_answer


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        forwarder = self.server
        assert isinstance(forwarder, _Forwarder)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = HTTPConnection("127.0.0.1", forwarder.port, timeout=120)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        server.request("POST", self.path, body, headers)
        answer = server.getresponse()
        with contextlib.suppress(ConnectionError):  # the client went away, which is its right
            self._pass_on(answer.status, answer.getheader("Content-Type", ""), iter(lambda: answer.read1(), b""))
        server.close()
        by_name = {name.lower(): value for name, value in self.headers.items()}
        seen = SeenRequest(path=self.path, headers=by_name, body=json.loads(body), status=answer.status)
        forwarder.traffic.requests.append(seen)
        forwarder.on_answer(seen)

    def _pass_on(self, status: int, kind: str, pieces: Iterator[bytes]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(piece)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """The standard library would write each request to stderr."""


@contextlib.contextmanager
def watched_traffic(port: int, on_answer: Callable[[SeenRequest], None] = lambda _: None) -> Iterator[Traffic]:
    """Forwards to a port of this machine. `on_answer` is called in the forwarder's threads."""
    forwarder = _Forwarder(port, on_answer)
    thread = threading.Thread(target=forwarder.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield forwarder.traffic
    finally:
        forwarder.shutdown()
        thread.join()
        forwarder.server_close()
