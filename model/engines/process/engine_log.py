"""Where the engine process writes what it has to say: a file in the user's state folder that never grows large."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

import platformdirs

MAX_BYTES = 1_000_000
_LAST_WORDS = 2000


def log_file() -> Path:
    """All engine processes of the user write there, line by line. The one before it has `.1` behind its name."""
    return platformdirs.user_state_path("seekline", appauthor=False) / "engine.log"


def open_log(path: Path) -> int:
    """A descriptor that appends to it; of nothing where it can't be written: that stops no engine."""
    no_link = getattr(os, "O_NOFOLLOW", 0)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | no_link, 0o600)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)


def keep_small(path: Path) -> None:
    """Starts the file anew once it is too large; what libraries write to it goes on there."""
    with suppress(OSError):
        if path.stat().st_size > MAX_BYTES:
            shutil.copyfile(path, path.with_name(f"{path.name}.1"), follow_symlinks=False)
            os.truncate(path, 0)


def last_words(path: Path, since_bytes: int) -> str:
    """The last line that was written after so many bytes, for who could not start an engine; empty where none was."""
    try:
        with path.open("rb") as file:
            file.seek(max(since_bytes, path.stat().st_size - _LAST_WORDS))
            lines = file.read(_LAST_WORDS).decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    said = [line.strip() for line in lines if line.strip()]
    return "".join(c for c in said[-1] if c.isprintable()) if said else ""


def size_of(path: Path) -> int:
    """In bytes; 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def write_all_to(descriptor: int) -> None:
    """Whatever this process prints goes there from now on."""
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)
    if sys.platform != "win32":
        sys.stdout.flush()
