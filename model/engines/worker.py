"""One thread that does one job after the other: what it owns needs no locks, and nobody waits for a job in vain."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Condition, Event, Thread
from typing import Any, Generic, TypeVar

from ..errors import Cancelled
from .futures import settle

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job(Generic[T]):
    """Work in the queue or under way. Its future raises `Cancelled` where `cancel` was set or newer work came."""

    run: Callable[[Event], T]
    key: Hashable | None
    cancel: Event = field(default_factory=Event)
    future: Future[T] = field(default_factory=Future)


class Worker:
    """Runs jobs in the order they came, on a thread called `name`. A job supersedes all older ones of its key, the
    running one included."""

    def __init__(self, name: str) -> None:
        self._queue: deque[Job[Any]] = deque()
        self._running: Job[Any] | None = None
        self._closed = False
        self._changed = Condition()
        self._thread = Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        with self._changed:
            return self._running is None and not self._queue

    @property
    def has_waiting(self) -> bool:
        with self._changed:
            return bool(self._queue)

    def submit(self, run: Callable[[Event], T], *, key: Hashable | None = None) -> Job[T]:
        """Queues `run`, which is given an event to watch and raises `Cancelled` soon after it is set."""
        job = Job(run=run, key=key)
        with self._changed:
            if self._closed:
                job.future.set_exception(Cancelled())
                return job
            older = [] if key is None else self._take_out(key)
            self._queue.append(job)
            self._changed.notify_all()
        for one in older:
            _give_up(one)
        return job

    def close(self, timeout_s: float) -> bool:
        """Cancels everything and waits for the thread; False where it is still busy after `timeout_s`."""
        with self._changed:
            self._closed = True
            given_up = [*self._queue, *self._under_way()]
            self._queue.clear()
            self._changed.notify_all()
        for job in given_up:
            _give_up(job)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _take_out(self, key: Hashable) -> list[Job[Any]]:
        """Removes the waiting jobs of `key` from the queue; returns them and the running one, if it is of `key`."""
        waiting = [job for job in self._queue if job.key == key]
        self._queue = deque(job for job in self._queue if job.key != key)
        return waiting + [job for job in self._under_way() if job.key == key]

    def _under_way(self) -> list[Job[Any]]:
        return [] if self._running is None else [self._running]

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closed)
                if not self._queue:
                    return
                job = self._running = self._queue.popleft()
            _finish(job)
            with self._changed:
                self._running = None


def _finish(job: Job[Any]) -> None:
    """Runs a job; its future may be settled by others at any time, and stays as they settled it."""
    try:
        if job.cancel.is_set() or job.future.done():
            raise Cancelled
        result = job.run(job.cancel)
    except BaseException as error:  # noqa: BLE001 - whatever it is, whoever waits for the job must learn of it
        settle(job.future, error=error)
    else:
        settle(job.future, result=result)


def _give_up(job: Job[Any]) -> None:
    """Tells the device to stop, and whoever waits that nothing will come, without waiting for the device."""
    job.cancel.set()
    settle(job.future, error=Cancelled())
