"""A client that says bytes, for what no client library would: to a server's process, over its pipes or a socket."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from editor import server_command

INITIALIZE = {"capabilities": {}, "processId": None, "rootUri": None}
_PATIENCE_S = 60


def framed(body: bytes | str | dict[str, Any], header: bytes = b"Content-Length: %d\r\n\r\n") -> bytes:
    if isinstance(body, dict):
        body = json.dumps({"jsonrpc": "2.0", **body})
    content = body.encode() if isinstance(body, str) else body
    return header % len(content) + content


class RawServer:
    """A server's process. What it logs is in `log`, a file."""

    def __init__(self, *options: str, folder: Path, env: dict[str, str] | None = None) -> None:
        self.log_file = folder / "server.log"
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                server_command(*options),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **(env or {})},
            )
        self.unasked: list[dict[str, Any]] = []
        """What the server said that was no answer, requests of its own included."""
        self._said = b""
        self._socket: socket.socket | None = None

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8", "replace")

    def connect(self, client: socket.socket) -> None:
        """From here on this client is at the other end of a socket."""
        self._socket = client

    def announced(self, word: str) -> str:
        """What the server announces at its start, such as the address behind "listening on"."""
        while True:
            found = re.search(rf"^seekline: {word} (.+)$", self.log, re.MULTILINE)
            if found is not None:
                return found[1]
            assert self.process.poll() is None, self.log
            select.select([], [], [], 0.02)

    def say(self, data: bytes) -> None:
        if self._socket is not None:
            self._socket.sendall(data)
            return
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, **message: Any) -> None:
        self.say(framed(message))

    def _heard(self) -> bytes:
        descriptor = self.process.stdout if self._socket is None else self._socket
        assert descriptor is not None
        readable, _, _ = select.select([descriptor], [], [], _PATIENCE_S)
        assert readable, f"the server says nothing:\n{self.log}"
        return os.read(descriptor.fileno(), 65536)

    def messages(self) -> Iterator[dict[str, Any]]:
        """All that the server says, to its end."""
        while True:
            head, found, rest = self._said.partition(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            if found and length is not None and len(rest) >= int(length[1]):
                self._said = rest[int(length[1]) :]
                yield json.loads(rest[: int(length[1])])
                continue
            piece = self._heard()
            if not piece:
                assert not self._said, "the last message is cut short"
                return
            self._said += piece

    def receive(self) -> dict[str, Any]:
        """The next answer."""
        for message in self.messages():
            if "id" in message and "method" not in message:
                return message
            self.unasked.append(message)
        raise AssertionError(f"no answer came:\n{self.log}")

    def request(self, method: str) -> dict[str, Any]:
        """The next request of the server with this method."""
        for message in chain(self.unasked, self.messages()):
            if message.get("method") == method and "id" in message:
                return message
        raise AssertionError(f"{method} did not come")

    def ask(self, id: int | str, method: str, params: Any = None) -> dict[str, Any]:
        """Asks and waits for the answer; answers to others are an error."""
        self.send(id=id, method=method, params=params)
        answer = self.receive()
        assert answer["id"] == id, answer
        return answer

    def state(self, id: int | str = "state") -> str:
        return self.ask(id, "workspace/executeCommand", {"command": "seekline.status"})["result"]["state"]

    def leave(self) -> None:
        self.ask("leave", "shutdown")
        self.send(method="exit")
        assert self.ended() == 0

    def ended(self) -> int:
        """The exit code; the server must end by itself. No traceback may be in its log."""
        code = self.process.wait(_PATIENCE_S)
        self.close()
        assert "Traceback" not in self.log, self.log
        return code

    def close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout, self._socket):
            if stream is not None:
                with contextlib.suppress(OSError):  # what was still to be written to a server that has ended
                    stream.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(_PATIENCE_S)
