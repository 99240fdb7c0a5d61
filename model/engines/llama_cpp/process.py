"""The owner of the child process that serves one file of weights by llama.cpp: its start, its address and its end.

The child inherits neither input nor output of this process, which may be a protocol's; its key goes through a pipe, so
that no list of processes shows it. It ends with this process, however that ends.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from threading import Thread
from time import monotonic

from ...errors import EngineDied
from .failures import why_it_did_not_start

log = logging.getLogger(__name__)

_CHILD = Path(__file__).with_name("child.py")
_START_S = 900.0
"""For reading the weights of the largest model from a slow disk."""
_REPORT_EVERY_S = 5.0
_ENDS_WITHIN_S = 5.0
_LOG_LINES = 40
_LOG_LINE_BYTES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What a child serves, and how. `context_tokens`: of each of its `sequences`. `batch_tokens`: how many of a prompt
    it computes before it looks whether anybody waits. `gpu`: which one computes all of it; None: the CPU."""

    path: Path
    context_tokens: int
    sequences: int
    batch_tokens: int
    threads: int
    gpu: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server listens, and the key that it wants with each request."""

    url: str
    key: str = field(repr=False)


class ServerProcess:
    """One child, from its start on. Belongs to the thread that starts it, with which Linux ends it, too."""

    def __init__(self, settings: ServerSettings, report: Callable[[str], None]) -> None:
        """Waits until the server is ready; `report` is told now and then.

        Raises `BrokenCheckpoint`, `UnsupportedArchitecture`, `OutOfMemory`, or `EngineDied`.
        """
        self._settings = settings
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._child = _start()
        self._drain = _reader("seekline-llama.cpp-log", self._read_log)
        self._answer: Future[bytes] = Future()
        self._start_reader = _reader("seekline-llama.cpp-start", self._read_answer)
        try:
            self.address = self._begin(report)
        except BaseException:
            self.close(0.0)
            raise

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def has_ended(self) -> bool:
        return self._child.poll() is not None

    def death(self, wait_s: float = 1.0) -> EngineDied:
        """Why it is gone, waiting a little for it to be."""
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(wait_s)
        return EngineDied(
            f"llama.cpp {self._how_it_ended()} while it ran {self._settings.path.name}.",
            "It is started again with the next request. If that happens often, lower context_tokens or choose a "
            "smaller model; the log has its last words.",
        )

    def close(self, timeout_s: float = _ENDS_WITHIN_S) -> bool:
        """Ends the child; False where the system does not even let it be killed within that time."""
        assert self._child.stdin is not None
        with suppress(OSError):
            self._child.stdin.close()
        try:
            self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._child.kill()
        try:
            self._child.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            log.error("llama.cpp's process %s cannot be ended", self._child.pid)
            return False
        for thread, pipe in ((self._drain, self._child.stderr), (self._start_reader, self._child.stdout)):
            thread.join(_ENDS_WITHIN_S)
            if pipe is not None and not thread.is_alive():
                pipe.close()
        return True

    def _begin(self, report: Callable[[str], None]) -> Address:
        key = secrets.token_urlsafe(32)
        orders = {**asdict(self._settings), "path": str(self._settings.path), "key": key, "parent": os.getpid()}
        assert self._child.stdin is not None
        with suppress(OSError):  # it has ended already, which is seen below
            self._child.stdin.write(json.dumps(orders).encode() + b"\n")
            self._child.stdin.flush()
        answer = self._first_line(report)
        if not answer:
            self._child.wait()
            self._drain.join(_ENDS_WITHIN_S)
            raise why_it_did_not_start(self._settings.path, list(self._log), self._how_it_ended())
        return Address(url=json.loads(answer)["url"], key=key)

    def _first_line(self, report: Callable[[str], None]) -> bytes:
        """What it says when it is ready; nothing where it ended before. Raises `EngineDied` where it takes too long."""
        started_s = monotonic()
        while True:
            try:
                return self._answer.result(_REPORT_EVERY_S)
            except NotYet:
                waited_s = monotonic() - started_s
            if waited_s > _START_S:
                raise EngineDied(
                    f"llama.cpp did not load {self._settings.path.name} within {_START_S / 60:.0f} minutes.",
                    "Choose a smaller model, or put it on a faster disk.",
                )
            report(f"loading {self._settings.path.name}, for {waited_s:.0f} s by now")

    def _read_answer(self) -> None:
        assert self._child.stdout is not None
        self._answer.set_result(self._child.stdout.readline())

    def _read_log(self) -> None:
        """Keeps the last lines of what the child says; a full pipe would stop it."""
        assert self._child.stderr is not None
        for line in iter(partial(self._child.stderr.readline, _LOG_LINE_BYTES), b""):
            text = "".join(c if c.isprintable() else " " for c in line.decode("utf-8", "replace")).strip()
            self._log.append(text)
            log.debug("llama.cpp: %s", text)

    def _how_it_ended(self) -> str:
        code = self._child.poll()
        if code is None:
            return "does not answer"
        if code >= 0:
            return f"ended (exit code {code})"
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
        return f"was ended by signal {-code}"


def _reader(name: str, read: Callable[[], None]) -> Thread:
    thread = Thread(target=read, name=name, daemon=True)
    thread.start()
    return thread


def _start() -> subprocess.Popen[bytes]:
    """Python with the packages of this process. What a file is run from, not the current folder, comes first on its
    path: no module of a workspace can take the place of another."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if entry)  # noqa: PTH100
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("LLAMA_", "GGML_"))}
    return subprocess.Popen(
        [sys.executable, str(_CHILD)],
        cwd=_CHILD.parent,
        env={**ours, "PYTHONPATH": path, "PYTHONSAFEPATH": "1", "GGML_NO_BACKTRACE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
