"""The one way to open a file of a workspace: a regular file, never a link, a pipe or a device, and without waiting."""

from __future__ import annotations

import os
import stat
from typing import BinaryIO

from .canonical_paths import is_link

# Opening a pipe waits for its other end without O_NONBLOCK; a regular file does not care for it.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class LeftOut(Exception):
    """A file is there but has no text for us. `quiet`: that is nothing to tell."""

    def __init__(self, reason: str, *, quiet: bool = False) -> None:
        super().__init__(reason)
        self.quiet = quiet


def open_file(root: str, path: str) -> BinaryIO:
    """Opens `path` below `root` for reading. Raises `LeftOut` for what is no file, and OSError."""
    if is_behind_link(root, path):
        raise LeftOut("it is behind a link", quiet=True)
    file = os.fdopen(os.open(root + path, _FLAGS), "rb")
    # Asked of what is open: what the path leads to may have been swapped since it was listed.
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise LeftOut("it is no file", quiet=True)


def is_behind_link(root: str, path: str) -> bool:
    """Whether the file, or a folder on the way to it from the root, is a link."""
    end = path.find("/")
    while end != -1:
        if is_link(root + path[:end]):
            return True
        end = path.find("/", end + 1)
    return is_link(root + path)
