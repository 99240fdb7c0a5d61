"""How the engine process is started: so that it outlives who starts it, and holds nothing of it open.

Between the two stands a process that ends at once. So the engine is nobody's child, waits for nobody to notice its end,
and has no terminal, nor any way to get one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

import msgspec

from ...errors import EngineUnreachable
from .engine_log import last_words, log_file, open_log, size_of
from .place import EnginePlace

STARTS_WITHIN_S = 60.0
"""Python and our own modules, from a cold disk."""
_LEAVE_ON_POSIX = "import os, sys; os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)"
_LEAVE_ON_WINDOWS = "import subprocess, sys; subprocess.Popen(sys.argv[1:], creationflags=0x00000208)"
"""DETACHED_PROCESS and CREATE_NEW_PROCESS_GROUP; standard streams go along."""
_GIVES_MEMORY_BACK = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "1000000"}
"""For glibc's malloc (mallopt(3)): a KV cache that is freed is the system's again. By itself it keeps up to eight heaps
a core, and the larger the blocks it has seen, the larger those that it keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the process is told on its command line. `lock`: the descriptor that it holds as long as it lives. `keep_s`:
    see `handshake.Hello`. `memory_bytes`: how much all models may take together; None: what is free."""

    folder: str
    name: str
    log: str
    lock: int | None
    keep_s: float | None
    memory_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What it says once editors can connect, or why they can't."""

    problem: str | None = None


def start_engine(place: EnginePlace, lock: int, *, keep_s: float | None, memory_bytes: int | None) -> None:
    """Starts it, and waits until editors can connect. Takes the lock along: it is not held here any more.

    Raises `EngineUnreachable`.
    """
    log = log_file()
    passed = None if sys.platform == "win32" else lock
    orders = Orders(
        folder=str(place.folder),
        name=place.name,
        log=str(log),
        lock=passed,
        keep_s=keep_s,
        memory_bytes=memory_bytes,
    )
    try:
        written = size_of(log)
        said = _run(orders, log)
    except (OSError, UnicodeError) as error:  # the place's path may be no text
        raise EngineUnreachable(
            f"The shared engine's process cannot be started: {error}.", "`seekline doctor` says what is amiss."
        ) from error
    finally:
        os.close(lock)
    _check(said, log, written)


def _run(orders: Orders, log: Path) -> bytes:
    """What the process says on its output, which it then closes; nothing where it says none in time."""
    leave = _LEAVE_ON_WINDOWS if sys.platform == "win32" else _LEAVE_ON_POSIX
    engine = [sys.executable, "-m", "seekline.model.engines.process", msgspec.json.encode(orders).decode()]
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if entry)  # noqa: PTH100
    errors = open_log(log)
    try:
        between = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", leave, *engine],
            cwd=sys.prefix if sys.platform == "win32" else "/",
            env={**_GIVES_MEMORY_BACK, **os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            pass_fds=() if orders.lock is None else (orders.lock,),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    finally:
        os.close(errors)
    assert between.stdout is not None
    try:
        return _first_line(between.stdout)
    finally:
        between.wait()


def _first_line(output: IO[bytes]) -> bytes:
    said: list[bytes] = []

    def read() -> None:  # it ends with the process, which holds the other end, if not before
        with output:
            said.append(output.readline())

    reader = Thread(target=read, name="seekline-engine-start", daemon=True)
    reader.start()
    reader.join(STARTS_WITHIN_S)
    return said[0] if said else b""


def _check(said: bytes, log: Path, written: int) -> None:
    """Raises `EngineUnreachable` where it has not started."""
    try:
        problem = msgspec.json.decode(said, type=Started).problem if said else last_words(log, written)
    except msgspec.DecodeError:
        problem = said.decode("utf-8", "replace").strip()
    if problem is None:
        return
    raise EngineUnreachable(
        f"The shared engine's process has not started{f': {problem}' if problem else ''}.", f"{log} may say more."
    )
