"""An engine that writes as far as a test allows."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from threading import Event

from fake_engine import FakeEngine
from seekline import model


class Stepping(FakeEngine):
    """Writes so many characters of its text as a test allows, but for the first `free` requests; counts those that
    are over."""

    def __init__(self) -> None:
        super().__init__("foo(x)\n")
        self.free = 0
        self.steps = 0
        self.stopped = 0

    def stream(self, request: model.CompletionRequest, cancel: Event) -> Generator[model.Piece, None, None]:
        self.requests.append(request)
        is_free = len(self.requests) <= self.free
        try:
            for number, character in enumerate(self.text):
                while number >= self.steps and not is_free:
                    if cancel.wait(0.001):
                        raise model.Cancelled
                yield model.Piece(text=character)
            yield model.Piece(text="", end="end")
        finally:
            self.stopped += 1


async def until(engine: Stepping, *, requests: int = 0, stopped: int = 0) -> None:
    while len(engine.requests) < requests or engine.stopped < stopped:
        await asyncio.sleep(0.001)
