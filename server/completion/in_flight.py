"""Completions that are being written, and outlive the request that asked for them as long as what is typed agrees.

A key typed while the model writes need not start it anew: the next request takes over what is under way. Where the
typed text says something else, or nobody asks again soon, the device stops.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from ... import model
from ..documents.documents import Surroundings
from ..documents.rope import Rope
from .cache import CLOSING
from .completion import Completion
from .turns import Turn

log = logging.getLogger(__name__)

_PATIENCE_S = 0.3
"""How long an editor may take to ask again after a key: VS Code waits 50 ms of its own."""

AHEAD, WARM_UP = "ahead", "warm up"
"""Kinds of key for what nobody has asked for yet: a completion, and what one needs."""

Write = Callable[[Turn, Callable[[str], bool]], Coroutine[Any, Any, "Completion | None"]]
"""Writes a completion in a turn of its own; it is to ask, of what is written so far, whether that agrees with what was
typed since."""


class Generation:
    """One completion under way, for the text around a cursor. Used on the event loop, but for `agrees`."""

    def __init__(self, around: Surroundings, write: Write) -> None:
        self.around = around
        self.is_outdated = False
        self._written = ""
        self._typed: tuple[str, ...] = ("",)  # what may stand at the cursor by now: all that came there, or less
        self._turn = Turn()
        self._stopping: asyncio.TimerHandle | None = None
        self.task = asyncio.ensure_future(write(self._turn, self.agrees))
        self.task.add_done_callback(_look_at)

    def stop(self) -> None:
        self._turn.end()

    def agrees(self, written: str) -> bool:
        """Whether what was typed since goes with what the model has written so far; from any thread."""
        self._written = written
        return any(typed.startswith(written) or written.startswith(typed) for typed in self._typed)

    def follow(self, rope: Rope) -> None:
        """The document has changed: goes on only if nothing but text that agrees came to the cursor, and only if
        somebody asks for it soon."""
        came = self.around.text.inserted_in(rope)
        if came is None or not self._takes(came, came.rstrip(CLOSING)):
            self.stop()
        elif self._stopping is None:
            self._stopping = asyncio.get_running_loop().call_later(_PATIENCE_S, self.stop)

    def serves(self, around: Surroundings) -> bool:
        """Whether it will say what stands behind this cursor; then it goes on for who asks."""
        if self.is_outdated:
            return False
        came = self.around.text.inserted_in(around.rope)
        typed = around.offset - self.around.offset
        if came is None or self.task.done() or not 0 <= typed <= len(came) or came[typed:].strip(CLOSING):
            return False
        if not self._takes(came[:typed]):
            return False
        if self._stopping is not None:
            self._stopping.cancel()
            self._stopping = None
        return True

    def _takes(self, *typed: str) -> bool:
        self._typed = tuple(text.replace("\r\n", "\n") for text in typed)
        return self.agrees(self._written)


class InFlight:
    """The latest completion under way for each document and kind. Used on the event loop alone."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, str], Generation] = {}

    def start(self, key: tuple[str, str], around: Surroundings, write: Write) -> Generation:
        """Starts to write in place of what was under way for `key`."""
        self.stop(key)
        writing = self._latest[key] = Generation(around, write)
        return writing

    def serving(self, key: tuple[str, str], around: Surroundings) -> Generation | None:
        """What is under way for `key` and says what stands behind this cursor; anything else of it is stopped."""
        writing = self._latest.get(key)
        if writing is not None and writing.serves(around):
            return writing
        self.stop(key)
        return None

    def latest_place(self, key: tuple[str, str], rope: Rope) -> Surroundings | None:
        """Where `key` was asked for last, in the document that is `rope` by now; None where that has changed."""
        writing = self._latest.get(key)
        return writing.around if writing is not None and writing.around.text.inserted_in(rope) == "" else None

    def changed(self, key: tuple[str, str], rope: Rope) -> None:
        """The document of `key` is `rope` now."""
        writing = self._latest.get(key)
        if writing is not None and not writing.task.done():
            writing.follow(rope)

    def outdate(self) -> None:
        """Another model is there by now: what is under way is for those who wait for it already."""
        self.stop_ahead()
        for writing in self._latest.values():
            writing.is_outdated = True

    def stop_ahead(self) -> None:
        """The device is needed."""
        for key in [key for key in self._latest if key[1] in (AHEAD, WARM_UP)]:
            self.stop(key)

    def stop(self, key: tuple[str, str]) -> None:
        writing = self._latest.pop(key, None)
        if writing is not None:
            writing.stop()


def _look_at(task: asyncio.Future[Completion | None]) -> None:
    """An error is told to whoever waits. Where nobody does, what is expected is nobody's, and the rest is logged."""
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, (model.Cancelled, model.ModelError)):
        log.error("a completion failed", exc_info=error)
