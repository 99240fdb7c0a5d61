"""The thread that owns a device, and the requests that take turns on it.

A request is a generator that yields a `Pause` before each pass: there it may be another one's turn, which `scheduling`
says. So nothing runs at the same time, and what belongs to the thread needs no locks.

Of one key, a request begins when the older ones have ended. Those that nobody has asked for yet it ends itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from threading import Condition, Event, Thread
from time import monotonic
from typing import Any, TypeVar

from ..decoding.request import Pause
from ..errors import Cancelled, MustWait
from .futures import settle
from .scheduling import Claim, first_of

log = logging.getLogger(__name__)

T = TypeVar("T")
Steps = Generator[Pause, None, T]

_FADING = 0.25


@dataclass(slots=True, eq=False, kw_only=True)
class _Job:
    """`is_alone`: nothing else is under way meanwhile. `steps`: once it has begun. `prompt_passes`: how many its prompt
    still takes. `since_s`: its last pass, or its arrival. `begins_below`: it waits until fewer are under way; with
    `needs_all` until none is. `made_room`: it began once, and had to begin anew for another's sake."""

    begin: Callable[[], Steps[Any]]
    number: int = 0
    key: Hashable = None
    cancel: Event = field(default_factory=Event)
    is_ahead: bool = False
    is_alone: bool = False
    since_s: float = 0.0
    future: Future[Any] = field(default_factory=Future)
    steps: Steps[Any] | None = None
    used_s: float = 0.0
    prompt_passes: int = 0
    begins_below: int | None = None
    needs_all: bool = False
    made_room: bool = False

    @property
    def is_given_up(self) -> bool:
        return self.cancel.is_set() or self.future.done()


class Scheduler:
    """See the module. `name`: of the thread. `at_end`: the last that runs on it. `clock`: in seconds."""

    def __init__(
        self, name: str, at_end: Callable[[], None] = lambda: None, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self._at_end = at_end
        self._clock = clock
        self._changed = Condition()
        self._jobs: dict[int, _Job] = {}  # the oldest first; the thread alone takes them out
        self._numbers = count()
        self._is_closed = False
        self._favours_overdue = True
        self._pass_s = 0.0  # of a chunk of a prompt
        self._thread = Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way and nothing waits."""
        return not self._jobs

    @property
    def under_way(self) -> int:
        """How many requests have begun."""
        return sum(job.steps is not None for job in self._all())

    @property
    def waiting(self) -> int:
        """How many have not."""
        return sum(job.steps is None for job in self._all())

    def submit(
        self,
        begin: Callable[[], Steps[T]],
        *,
        key: Hashable,
        cancel: Event,
        is_ahead: bool = False,
    ) -> Future[T]:
        """Takes turns with the others. `begin` may be called again, where it raises `MustWait` before it yields.

        The future raises `Cancelled` soon after `cancel` is set, between two passes at the latest.
        """
        return self._submit(_Job(begin=begin, key=key, cancel=cancel, is_ahead=is_ahead))

    def run_behind(self, key: Hashable, run: Callable[[], T]) -> Future[T]:
        """Runs when the older requests of `key` have ended, and before the newer ones begin."""
        return self._submit(_Job(begin=lambda: _at_once(run), key=key))

    def run_alone(self, run: Callable[[], T]) -> Future[T]:
        """Runs when all older requests have ended, and before a newer one begins."""
        return self._submit(_Job(begin=lambda: _at_once(run), is_alone=True))

    def close(self, timeout_s: float) -> bool:
        """Gives up everything and waits for the thread; False where it is still busy after `timeout_s`."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        for job in self._all():
            job.cancel.set()
            settle(job.future, error=Cancelled())  # whoever waits need not wait for the device
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _submit(self, job: _Job) -> Future[Any]:
        with self._changed:
            if self._is_closed:
                settle(job.future, error=Cancelled())
                return job.future
            job.number, job.since_s = next(self._numbers), self._clock()
            self._jobs[job.number] = job
            self._changed.notify_all()
        return job.future

    def _all(self) -> list[_Job]:
        with self._changed:
            return list(self._jobs.values())

    def _work(self) -> None:
        while self._turn():
            pass
        self._at_end()

    def _turn(self) -> bool:
        """One pass of the one whose turn it is; False once it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._is_closed)
            is_closed = self._is_closed
        for job in self._all():
            if job.is_given_up or is_closed:
                self._end(job, error=Cancelled())
        if is_closed:
            return False
        jobs = self._all()
        if jobs:
            self._advance(self._next(jobs))
        return True

    def _next(self, jobs: list[_Job]) -> _Job:
        now_s = self._clock()
        claims = [self._claim(job, now_s) for job in _ready(jobs, self._overdue_waiter(jobs, now_s))]
        claim = first_of(claims, favours_overdue=self._favours_overdue)
        self._favours_overdue = not (self._favours_overdue and claim.is_overdue)
        return self._jobs[claim.number]

    def _claim(self, job: _Job, now_s: float) -> Claim:
        return Claim(
            number=job.number,
            is_ahead=job.is_ahead,
            expected_s=job.used_s + job.prompt_passes * self._pass_s,
            waited_s=now_s - job.since_s,
            pass_s=self._pass_s,
        )

    def _overdue_waiter(self, jobs: list[_Job], now_s: float) -> _Job | None:
        """One for which all have to end, for too long: until it begins, nobody else does."""
        for job in jobs:
            if job.needs_all and self._claim(job, now_s).is_overdue:
                return job
        return None

    def _advance(self, job: _Job) -> None:
        started_s, prompt_passes, begins = self._clock(), job.prompt_passes, job.steps is None
        try:
            if job.steps is None:
                self._end_ahead_of(job)
                job.steps = job.begin()
            pause = next(job.steps)
        except StopIteration as end:
            self._end(job, result=end.value)
        except MustWait as wait:
            self._put_back(job, wait)
        except BaseException as error:  # noqa: BLE001 - whatever it is, whoever waits for the job must learn of it
            self._end(job, error=error)
        else:
            took_s = self._clock() - started_s
            job.prompt_passes = pause.prompt_passes
            job.begins_below, job.needs_all = None, False
            if not begins:  # which is no pass yet
                job.used_s += took_s
                job.since_s = started_s + took_s
            if pause.prompt_passes < prompt_passes:
                self._pass_s += (took_s - self._pass_s) * (_FADING if self._pass_s else 1)

    def _end_ahead_of(self, job: _Job) -> None:
        """Ends the older ones of its key that nobody has asked for yet: now somebody asks."""
        for other in self._all():
            if other.number < job.number and other.key == job.key and other.is_ahead:
                self._end(other, error=Cancelled())

    def _put_back(self, job: _Job, wait: MustWait) -> None:
        """Has it begin anew once one that is under way has ended, or all, or at once, where one makes room for it."""
        job.steps = None
        job.prompt_passes = wait.prompt_passes
        under_way = self.under_way
        if not under_way:
            self._end(job, error=RuntimeError("it waits for others, and there are none"))
            return
        job.begins_below, job.needs_all = 1 if wait.for_all else under_way, wait.for_all
        if not wait.for_all:
            self._make_room(job)

    def _make_room(self, job: _Job) -> None:
        """Puts back one that needs more than twice as long and has not written anything yet, each but once; or ends one
        that nobody has asked for yet."""
        now_s = self._clock()
        claims: list[Claim] = []
        for other in self._all():
            claim = self._claim(other, now_s)
            can_begin_anew = other.prompt_passes and not other.made_room
            if other.steps is not None and (can_begin_anew or claim.is_ahead) and not claim.is_overdue:
                claims.append(claim)
        last = max(claims, key=lambda claim: claim.rank, default=None)
        is_ahead, expected_s, _ = self._claim(job, now_s).rank
        if last is None or last.rank <= (is_ahead, 2 * expected_s, 0):
            return
        other = self._jobs[last.number]
        if other.prompt_passes:
            self._stop(other)
            other.begins_below, other.made_room = job.begins_below, True
        else:
            self._end(other, error=Cancelled())

    def _stop(self, job: _Job) -> None:
        steps, job.steps = job.steps, None
        if steps is not None:
            try:
                steps.close()
            except Exception:
                log.exception("a request that was given up did not end well")

    def _end(self, job: _Job, *, result: object = None, error: BaseException | None = None) -> None:
        self._stop(job)
        with self._changed:
            self._jobs.pop(job.number, None)
        settle(job.future, result=result, error=error)


def _ready(jobs: list[_Job], overdue: _Job | None) -> list[_Job]:
    """Which of them may have a turn, of the oldest to the newest. There is always one."""
    under_way = sum(job.steps is not None for job in jobs)
    ready: list[_Job] = []
    keys: set[Hashable] = set()  # of older ones
    asked_keys: set[Hashable] = set()  # of those of them that somebody waits for
    for number, job in enumerate(jobs):
        if job.is_alone:
            if not number:
                ready.append(job)
            break
        has_room = job.begins_below is None or under_way < job.begins_below
        is_next = job.key not in (keys if job.is_ahead else asked_keys)
        if job.steps is not None or (has_room and is_next and overdue in (None, job)):
            ready.append(job)
        keys.add(job.key)
        if not job.is_ahead:
            asked_keys.add(job.key)
    return ready


def _at_once(run: Callable[[], T]) -> Steps[T]:
    """All of it in one turn."""
    yield from ()
    return run()
