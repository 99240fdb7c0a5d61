"""Collects garbage while nobody waits.

A full collection holds Python's lock while it looks at every object, and the outlines of a large file are hundreds of
thousands: nobody could type meanwhile. What dies young is still collected as it goes.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from threading import Thread
from time import sleep

_EVERY_S = 30.0
_NEVER = 1_000_000_000


class IdleCollector:
    """A thread that collects now and then where `is_idle` says so. It ends with the process."""

    def __init__(self, is_idle: Callable[[], bool]) -> None:
        self._is_idle = is_idle

    def start(self) -> None:
        """From here on there are no full collections but its own."""
        young, middle, _ = gc.get_threshold()
        gc.set_threshold(young, middle, _NEVER)
        Thread(target=self._run, name="seekline-collector", daemon=True).start()

    def collect(self) -> bool:
        """Collects, unless someone waits; whether it did."""
        if not self._is_idle():
            return False
        gc.collect()
        return True

    def _run(self) -> None:
        while True:
            sleep(_EVERY_S)
            self.collect()
