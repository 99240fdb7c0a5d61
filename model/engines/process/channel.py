"""Messages over one connection: sent whole by any thread, read by one; and how a connection is ended from outside."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import Lock

from .messages import Message, encode

MAX_MESSAGE_BYTES = 64_000_000
"""No request is that long: a document of a million characters, and all that may be copied from, is a tenth of it."""


class HungUp(Exception):
    """The other side is not there any more."""


class Channel:
    """Owns a connection. `receive` belongs to one thread, which calls `close` when it has read the last message."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = Lock()

    def send(self, *messages: Message) -> None:
        """Sends them one behind the other, with nothing in between. Waits where the other side does not read. Raises
        `HungUp`."""
        frames = [encode(message) for message in messages]
        try:
            with self._lock:
                for frame in frames:
                    self._connection.send_bytes(frame)
        except OSError as error:
            raise HungUp(str(error)) from error

    def receive(self) -> bytes:
        """The next message, encoded. Raises `HungUp`, also where it is too long."""
        try:
            return self._connection.recv_bytes(MAX_MESSAGE_BYTES)
        except (OSError, EOFError) as error:
            raise HungUp(str(error)) from error

    def hang_up(self) -> None:
        """Ends the connection: who waits in `receive` or `send`, on either side, learns of it. From any thread."""
        with suppress(OSError):
            if sys.platform == "win32":
                self._connection.close()
                return
            with socket.socket(fileno=os.dup(self._connection.fileno())) as connected:
                connected.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Gives the descriptor back, once nobody sends."""
        self.hang_up()
        with self._lock, suppress(OSError):
            self._connection.close()
