"""The engine process, as its service sees it: it serves connected editors, each with the models of one pool."""

from __future__ import annotations

from itertools import count
from multiprocessing.connection import Connection
from threading import Lock

from .channel import Channel
from .client_name import ClientName
from .guest import Guest
from .messages import HostStatus
from .pool import ModelPool


class Host:
    """Owns the models and who asks of them. From any thread."""

    def __init__(self, *, memory_bytes: int | None) -> None:
        self._pool = ModelPool(memory_bytes)
        self._numbers = count()
        self._lock = Lock()
        self._guests: dict[int, Guest] = {}
        self._is_closed = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing is loaded or computed just now."""
        return self._pool.is_idle

    def serve(self, connection: Connection, client: ClientName) -> None:
        """Does what an editor asks; returns when it has gone, and everything of it is given back."""
        number = next(self._numbers)
        guest = Guest(Channel(connection), client, number, self._pool)
        with self._lock:
            self._guests[number] = guest
            if self._is_closed:
                guest.hang_up()
        try:
            guest.serve()
        finally:
            with self._lock:
                del self._guests[number]

    def status(self) -> HostStatus:
        import psutil

        with self._lock:
            guests = list(self._guests.values())
        process = psutil.Process()
        return HostStatus(
            clients=tuple(guest.status() for guest in guests),
            models=self._pool.status(),
            memory_bytes=sum(one.memory_info().rss for one in (process, *process.children(recursive=True))),
        )

    def close(self, timeout_s: float) -> bool:
        """Hangs up on everybody and stops the devices; False where one does not stop in time."""
        with self._lock:
            self._is_closed = True
            guests = list(self._guests.values())
        for guest in guests:
            guest.hang_up()
        return self._pool.close(timeout_s)
