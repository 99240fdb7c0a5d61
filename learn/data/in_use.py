"""One run at a time writes to an output folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from ..errors import NotWritten
from ..files import written_in

IN_USE = ".in-use"
_TRIES = 3


@contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """The folder, made where it is missing, is this process's alone. Raises `NotWritten` where another one has it; one
    that was killed has it no more."""
    path = folder / IN_USE
    with written_in(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for _ in range(_TRIES):
        with written_in(folder):
            if _take(path):
                break
    else:
        raise NotWritten(f"Another run writes to {folder}.", "Wait for its end, or give another --out.")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _take(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        if not _is_held(path):
            path.unlink(missing_ok=True)
        return False
    own = psutil.Process()
    with os.fdopen(descriptor, "w") as file:
        json.dump([own.pid, own.create_time()], file)
    return True


def _is_held(path: Path) -> bool:
    """Whether the process that took it runs still: another one may have its number by now."""
    try:
        pid, created = json.loads(path.read_text("utf-8"))
        return psutil.Process(pid).create_time() == created
    except (OSError, ValueError, TypeError, psutil.Error):
        return False
