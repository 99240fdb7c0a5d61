"""Whose pass it is, of networks that share their weights and the cores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class PassTurns:
    """A lock that nobody gets twice in a row while another one waits for it, as a plain one may: who waits holds the
    place in front of it."""

    def __init__(self) -> None:
        self._front = Lock()
        self._pass = Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Waits for the turn."""
        with self._front:
            self._pass.acquire()
        try:
            yield
        finally:
            self._pass.release()
