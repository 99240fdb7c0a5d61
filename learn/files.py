"""Files and folders that are there whole or not at all, so that a killed run leaves nothing half written."""

from __future__ import annotations

import errno
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import NotWritten

_FULL = {errno.ENOSPC, errno.EDQUOT}
_NO_ROOM = {*_FULL, errno.EFBIG}


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Gives a path to write to; what lies there in the end, file or folder, takes the place of `path`. A device, a pipe
    or a socket keeps its place: it is written to."""
    if _is_device(path):
        yield path
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = draft_of(path)
    remove(draft)
    try:
        yield draft
    except BaseException:
        remove(draft)
        raise
    if path.is_dir():
        shutil.rmtree(path)
    draft.replace(path)


def write_text(path: Path, text: str) -> None:
    """In UTF-8; what that cannot carry, as a name that is no text, comes out as JSON escapes it. Raises `OSError`."""
    with written_whole(path) as draft:
        draft.write_text(text, "utf-8", errors="backslashreplace")


def draft_of(path: Path) -> Path:
    """Where it lies while it is not whole."""
    return path.with_name(f".{path.name}.draft")


@contextmanager
def written_in(folder: Path) -> Iterator[None]:
    """Within it, what cannot be written raises `NotWritten`."""
    try:
        yield
    except OSError as error:
        why = "the disk is full" if error.errno in _FULL else error.strerror or str(error)
        remedy = "Make room there" if error.errno in _NO_ROOM else "Give an --out that you may write to"
        raise NotWritten(
            f"{folder} cannot be written: {why}.",
            f"{remedy} and run the same command again: it goes on where it stopped.",
        ) from error


def _is_device(path: Path) -> bool:
    """Whether a device, a pipe or a socket lies there, or a link as /dev/stdout is. Other links are replaced: those of
    a repository must not choose what is written to."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    if stat.S_ISLNK(mode):
        folder = path.parent.resolve()
        return folder == Path("/dev") or folder.is_relative_to("/proc")
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def remove(path: Path) -> None:
    """A file, a folder with all that is in it, or a link, whose target stays; it may be missing. Raises `OSError`."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
