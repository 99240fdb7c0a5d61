"""A client's bytes, in and out, each on a thread of its own: neither a handler nor a client that reads nothing can hold
up the event loop, and no handler can hold up the input.
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ..errors import BadRequest

log = logging.getLogger(__name__)

_PIECE_BYTES = 65_536
_MAX_UNREAD_BYTES = 64_000_000
"""What may wait for a client to read it. An answer has a few thousand: this one has stopped reading long ago."""

T = TypeVar("T")


class Connection:
    """The way to a client and back.

    `read` waits for the next bytes, and has none at the end; `write` waits until all is written. `first`: bytes that
    came before.
    """

    def __init__(self, read: Callable[[], bytes], write: Callable[[bytes], None], first: bytes = b"") -> None:
        self._read_now = read
        self._write_now = write
        self._first = first
        self._input = ThreadPoolExecutor(1, "input")
        self._unread: queue.SimpleQueue[bytes | threading.Event] = queue.SimpleQueue()
        self._unread_bytes = 0
        self._counting = threading.Lock()
        self._lost: Callable[[str], None] = log.warning
        self._broken = False

    def start(self, lost: Callable[[str], None]) -> None:
        """Begins to write. `lost` is told, on another thread, when the client can be told no more."""
        self._lost = lost
        threading.Thread(target=self._write_on, name="output", daemon=True).start()

    async def read(self) -> bytes:
        """The next bytes; none at the end of the input, however it came."""
        if self._first:
            first, self._first = self._first, b""
            return first
        try:
            return await self.beside(self._read_now)
        except OSError as error:
            log.info("the client cannot be read from: %s", error)
            return b""

    async def beside(self, work: Callable[..., T], *arguments: object) -> T:
        """Runs something on the thread that reads, while there is nothing to read."""
        return await asyncio.get_running_loop().run_in_executor(self._input, work, *arguments)

    def write(self, data: bytes) -> None:
        """Sends soon, in the order of the calls; never waits."""
        with self._counting:
            self._unread_bytes += len(data)
            full = self._unread_bytes > _MAX_UNREAD_BYTES
        if full:
            self._break("the client does not read what it is sent")
        elif not self._broken:
            self._unread.put(data)

    def close(self) -> None:
        """pygls closes a writer; this one ends with the process."""

    def flush(self, timeout_s: float) -> None:
        """Waits until what was sent is written, but no longer than that."""
        written = threading.Event()
        self._unread.put(written)
        written.wait(timeout_s)

    def _write_on(self) -> None:
        while True:
            data = self._unread.get()
            if isinstance(data, threading.Event):
                data.set()
                continue
            if self._broken:
                continue
            try:
                self._write_now(data)
            except OSError as error:
                self._break(f"the client cannot be written to: {error.strerror}")
            with self._counting:
                self._unread_bytes -= len(data)

    def _break(self, why: str) -> None:
        if not self._broken:
            self._broken = True
            self._lost(why)


def standard_streams() -> Connection:
    """The client at standard input and output; whatever else the process prints goes to standard error from here on.

    Raises `BadRequest` where the process has none.
    """
    if sys.stdin is None or sys.stdout is None:
        raise BadRequest("Standard input or output is closed.", "Start the server with both, or with --socket PATH.")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - for the life of the process
    sys.stdout.flush()
    protocol_in, protocol_out = sys.stdin.fileno(), os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout = sys.stderr
    if sys.platform != "win32":
        for descriptor in (protocol_in, protocol_out):
            os.set_blocking(descriptor, True)  # a client may have left its end otherwise, which can be the same

    def write(data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(protocol_out, rest) :]

    return Connection(lambda: os.read(protocol_in, _PIECE_BYTES), write)


def over(client: socket.socket, first: bytes = b"") -> Connection:
    """The client at the other end of a socket."""
    client.setblocking(True)
    if client.family != getattr(socket, "AF_UNIX", None):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Connection(lambda: client.recv(_PIECE_BYTES), client.sendall, first)
