"""Threads that do jobs: one that does one after the other, so that what it owns needs no locks, or one for each. Nobody
waits for a job in vain."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Condition, Event, Lock, Thread
from time import monotonic
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


class ThreadPerJob:
    """Runs jobs at once, each on a thread of its own called `name`: they wait for something, and compute little."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = Lock()
        self._running: dict[Job[Any], Thread] = {}
        self._closed = False

    @property
    def idle(self) -> bool:
        """Whether nothing runs."""
        return not self._running

    def submit(self, run: Callable[[Event], T]) -> Job[T]:
        """Starts `run`, which is given an event to watch and raises `Cancelled` soon after it is set."""
        job = Job(run=run, key=None)
        with self._lock:
            if self._closed:
                settle(job.future, error=Cancelled())
                return job
            thread = Thread(target=self._work, args=(job,), name=self._name, daemon=True)
            thread.start()  # which may fail; it ends no sooner than it is noted
            self._running[job] = thread
        return job

    def close(self, timeout_s: float) -> bool:
        """Cancels everything and waits for the threads; False where one is still busy after `timeout_s`."""
        with self._lock:
            self._closed = True
            running = dict(self._running)
        for job in running:
            _give_up(job)
        deadline_s = monotonic() + timeout_s
        for thread in running.values():
            thread.join(max(0.0, deadline_s - monotonic()))
        return not any(thread.is_alive() for thread in running.values())

    def _work(self, job: Job[Any]) -> None:
        try:
            _finish(job)
        finally:
            with self._lock:
                del self._running[job]


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
