"""A place for an engine process of a test's own: what runs there, and that nothing is left of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest
from seekline.model.engines.process.client_name import ClientName
from seekline.model.engines.process.place import EnginePlace
from seekline.model.engines.process.rendezvous import status_of, stop

NOBODY = 65534
_PATIENCE_S = 60.0
ME = ClientName(name="a test", pid=os.getpid())


@contextmanager
def engine_place(*, open_to_others: bool = False) -> Iterator[EnginePlace]:
    """A place with a short path, in which no engine is left. `open_to_others`: others may enter the folder above it."""
    above = Path(tempfile.mkdtemp(prefix="seekline-test-", dir="/tmp"))
    try:
        if open_to_others:
            above.chmod(0o755)
        place = EnginePlace(folder=above / "run", name="engine-test")
        yield place
        if place.folder.is_dir():
            place.folder.chmod(0o700)
            stop(place, ME)
    finally:
        shutil.rmtree(above)


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[None]:
    """A disk of its own at the folder, where this user may mount one."""
    folder.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", f"mode=0700,{options}", "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no disk can be mounted here")
    try:
        yield
    finally:
        # A process that could not start says so before it ends.
        wait_until(lambda: subprocess.run(["umount", str(folder)], check=False, capture_output=True).returncode == 0)


def wait_until(holds: Callable[[], bool]) -> None:
    """However busy the machine is."""
    deadline_s = monotonic() + _PATIENCE_S
    while not holds():
        assert monotonic() < deadline_s, "it does not come"
        sleep(0.02)


def process_of(place: EnginePlace) -> int:
    """The process that runs there."""
    status = status_of(place, ME)
    assert status is not None, "none runs"
    return status.pid


def processes_at(place: EnginePlace) -> list[int]:
    """All engine processes that were started for a place, whether they got as far as to listen or not."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if f'"folder":"{place.folder}"' in " ".join(process.info["cmdline"] or ()):
            found.append(process.pid)
    return found


def has_ended(pid: int) -> bool:
    """Whether a process does nothing any more; who is to notice its end may be slow."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def files_of(place: EnginePlace) -> list[str]:
    return sorted(path.name for path in place.folder.iterdir())


def run_as_nobody(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a program as another user, where this one may: as root."""
    if sys.platform == "win32" or os.geteuid() != 0:
        pytest.skip("only root can become another user")
    return subprocess.run(
        [_python_of_everybody(), "-I", "-S", "-c", code, *arguments],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_S,
    )


@cache
def _python_of_everybody() -> str:
    """An interpreter that other users may run, too."""
    for path in (os.path.realpath(sys.executable), "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            run = subprocess.run([path, "-I", "-S", "-c", ""], user=NOBODY, group=NOBODY, cwd="/", check=False)
        except OSError:
            continue
        if run.returncode == 0:
            return path
    pytest.skip("no Python here that another user may run")
