"""Who is answered: requests of one kind for one document supersede each other, and changes end them."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from concurrent.futures import Future
from typing import TypeVar

from ... import model

T = TypeVar("T")


class Turn:
    """A request's turn. Once it has ended, whatever the request waits for raises `Cancelled` at once."""

    def __init__(self) -> None:
        self._ended = asyncio.get_running_loop().create_future()

    def end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    def check(self) -> None:
        if self._ended.done():
            raise model.Cancelled

    async def over(self) -> None:
        """Waits for its end."""
        await asyncio.wait([self._ended])

    async def pause(self, seconds: float) -> None:
        await asyncio.wait([self._ended], timeout=seconds)
        self.check()

    async def result(self, job: model.Job[T]) -> T:
        """What a job gives, which is told to stop where nobody waits for it any more."""
        try:
            return await self.value(job.future)
        finally:
            job.cancel.set()

    async def value(self, future: Future[T]) -> T:
        waiting = asyncio.wrap_future(future)
        try:
            return await self.outcome(waiting)
        finally:
            waiting.cancel()

    async def outcome(self, work: asyncio.Future[T]) -> T:
        """What some work gives, which goes on where nobody waits for it any more."""
        await asyncio.wait([work, self._ended], return_when=asyncio.FIRST_COMPLETED)
        self.check()
        return work.result()


class Turns:
    """The latest turn of each key. Used on the event loop alone."""

    def __init__(self) -> None:
        self._latest: dict[Hashable, Turn] = {}

    def take(self, key: Hashable) -> Turn:
        """The turn of a new request; it ends with the next one of `key`."""
        self.end(key)
        turn = self._latest[key] = Turn()
        return turn

    def end(self, key: Hashable) -> None:
        """Ends the turn of `key`: what it would answer is out of date."""
        latest = self._latest.pop(key, None)
        if latest is not None:
            latest.end()
