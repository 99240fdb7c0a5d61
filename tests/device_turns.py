"""A scheduler whose requests note their turns, and whose clock counts passes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from itertools import chain, repeat
from threading import Event
from time import monotonic, sleep

from seekline.model.decoding.request import Pause
from seekline.model.engines.scheduler import Scheduler, Steps

SOON_S = 30.0


class Device:
    """A scheduler, and what ran on its thread, in order. Each pass takes a millisecond, however busy this machine is;
    while it is held, none ends."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.scheduler = Scheduler("test", clock=lambda: self.now_s)
        self.log: list[str] = []
        self.go_on = Event()
        self.go_on.set()
        self.holds_at = 0
        self.ended: list[str] = []

    def submit(
        self,
        name: str,
        prompt: int = 1,
        text: int = 0,
        *,
        key: str | None = None,
        cancel: Event | None = None,
        is_ahead: bool = False,
        before: Callable[[], None] = lambda: None,
    ) -> Future[str]:
        """A request whose passes are noted by its name."""

        def begin() -> Steps[str]:
            before()
            try:
                for left in chain(range(prompt, 0, -1), repeat(0, text)):
                    yield Pause(left)
                    self.log.append(name)
                    if len(self.log) == self.holds_at:
                        self.go_on.clear()
                    assert self.go_on.wait(SOON_S)
                    self.now_s += 0.001
            finally:
                self.ended.append(name)
            return name

        return self.scheduler.submit(begin, key=key or name, cancel=cancel or Event(), is_ahead=is_ahead)

    def hold(self) -> None:
        """Occupies the thread with a pass, so that what is submitted next comes in while it runs."""
        self.hold_in(1, lambda: self.submit("held"))

    def hold_in(self, passes: int, submit: Callable[[], Future[str]]) -> Future[str]:
        """Submits, and holds the thread in the last of so many passes."""
        self.holds_at = len(self.log) + passes
        future = submit()
        eventually(lambda: not self.go_on.is_set())
        return future

    def release(self) -> None:
        self.go_on.set()


def eventually(condition: Callable[[], bool]) -> None:
    deadline_s = monotonic() + SOON_S
    while not condition():
        assert monotonic() < deadline_s
        sleep(0.001)
