"""The owner of the child process that parses: starts it, hands it one job at a time, starts another when it ended.

Who waits for a text may be told to stop; the child then goes on, since the same text is often asked for again.
"""

from __future__ import annotations

import atexit
import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

from ...fim.code import EMPTY, Grammar, Outline, Variable

log = logging.getLogger(__name__)

MAX_MEMORY_BYTES = 2_000_000_000
_LIMIT_S = 2.0
_LOOK_S = 0.02  # after so long, who waits is asked whether they still do
_LIMIT_S_PER_CHARACTER = 10e-6  # an ordinary file takes 1 to 3 microseconds a character on a machine that is not busy

ParsedSource = tuple[Outline, tuple[Variable, ...]]
NOTHING: ParsedSource = (EMPTY, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseJob:
    """A text to read by the grammar with a name. `variables`: whether they are wanted. `limit_s`: the time it has."""

    lines: Sequence[str]
    grammar: str
    comment: str | None
    variables: bool
    limit_s: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Reading raised an error, which is a fault of ours."""

    traceback: str


_stop: ContextVar[Callable[[], None]] = ContextVar("_stop", default=lambda: None)


@contextmanager
def leaving_when(stop: Callable[[], None]) -> Iterator[None]:
    """Within it, who waits for a text in this thread calls `stop` now and then; what that raises ends the waiting."""
    token = _stop.set(stop)
    try:
        yield
    finally:
        _stop.reset(token)


class ParserProcess:
    """One child, started when it is first needed. Any thread may ask; it waits without Python's lock."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._at_work = Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="seekline-parsing")
        self._child: subprocess.Popen[bytes] | None = None
        self._latest: tuple[ParseJob, Future[ParsedSource | Failure]] | None = None

    def read_outline(self, lines: Sequence[str], grammar: Grammar, comment: str | None, *, name: str) -> Outline:
        """The outline of a text; empty where the parser could not end in time. `name`: what the log calls the text."""
        return self._read(lines, grammar, comment, name, variables=False)[0]

    def read_source(self, lines: Sequence[str], grammar: Grammar, comment: str | None, *, name: str) -> ParsedSource:
        """The same with the variables of the text."""
        return self._read(lines, grammar, comment, name, variables=True)

    def _read(
        self, lines: Sequence[str], grammar: Grammar, comment: str | None, name: str, *, variables: bool
    ) -> ParsedSource:
        limit_s = _LIMIT_S + _LIMIT_S_PER_CHARACTER * sum(map(len, lines))
        job = ParseJob(lines=lines, grammar=grammar.name, comment=comment, variables=variables, limit_s=limit_s)
        asked = self._asked(job)
        while not wait([asked], _LOOK_S).done:
            _stop.get()()
        self._forget(asked)
        try:
            answer = asked.result()
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            log.warning("%s is used without its outline: parsing it ended neither well nor in time (%r)", name, error)
            return NOTHING
        if isinstance(answer, Failure):
            log.error("%s is used without its outline, please report this: %s", name, answer.traceback)
            return NOTHING
        return answer

    def close(self) -> None:
        """Ends the child; the next text starts another."""
        child = self._child
        if child is not None:
            child.kill()  # which ends what waits for its answer
            with self._at_work:
                self._take_away()

    def _asked(self, job: ParseJob) -> Future[ParsedSource | Failure]:
        """The answer to come; of the latest text, if it is the same and was left before it was read."""
        with self._lock:
            if self._latest is None or self._latest[0] != job:
                self._latest = job, self._thread.submit(self._ask, job)
            return self._latest[1]

    def _forget(self, asked: Future[ParsedSource | Failure]) -> None:
        with self._lock:
            if self._latest is not None and self._latest[1] is asked:
                self._latest = None

    def _take_away(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _ask(self, job: ParseJob) -> ParsedSource | Failure:
        """On the thread that talks with the child."""
        with self._at_work:
            try:
                return self._answer(job)
            except BaseException:
                self._take_away()  # its answer must not be taken for the next one's
                raise

    def _answer(self, job: ParseJob) -> ParsedSource | Failure:
        child = self._child = self._child or _start()
        assert child.stdin is not None
        assert child.stdout is not None
        pickle.dump(job, child.stdin, pickle.HIGHEST_PROTOCOL)
        child.stdin.flush()
        return pickle.load(child.stdout)  # noqa: S301 - from our own code in a process that we started


@cache
def parser_process() -> ParserProcess:
    """The one of this process."""
    made = ParserProcess()
    atexit.register(made.close)
    return made


def read_source(lines: Sequence[str], grammar: Grammar, comment: str | None) -> ParsedSource:
    """The outline and the variables of the text that the editor shows."""
    return parser_process().read_source(lines, grammar, comment, name="The document")


def _start() -> subprocess.Popen[bytes]:
    # The folder of this file, and not the current one: a workspace's modules must not come first on Python's path.
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if entry)  # noqa: PTH100
    return subprocess.Popen(
        [sys.executable, "-m", "seekline.server.parsing.child"],
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
