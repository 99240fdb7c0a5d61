"""How many requests are worked at, and how many wait: beyond that a client is told to come again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .errors import HttpError

RUNNING = 8
"""So many are in the engine at a time, which takes the newest first."""
WAITING = 256
_RETRY_AFTER_S = 1


class Gate:
    """Belongs to the event loop."""

    def __init__(self, running: int = RUNNING, waiting: int = WAITING) -> None:
        self._places = asyncio.Semaphore(running)
        self._most_waiting = waiting
        self.waiting = 0
        self.running = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Waits for one. Raises `HttpError` (429) where too many wait already."""
        if self.waiting >= self._most_waiting:
            raise HttpError(429, "Too many requests wait.", kind="rate_limit_exceeded", retry_after_s=_RETRY_AFTER_S)
        self.waiting += 1
        try:
            await self._places.acquire()
        finally:
            self.waiting -= 1
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._places.release()
