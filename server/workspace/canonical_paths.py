"""Where a path really is: the one form in which files and folders are compared.

The same file may come by its real path, by a link to it or to a folder above it, and on some systems in other letters.
"""

from __future__ import annotations

import os
import stat
import sys
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

_JUNCTION = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT, which Python's `stat` names on Windows only

MAX_KNOWN = 4096
"""Paths remembered; with more of them, all are asked for anew."""


def canonical(path: Path) -> Path:
    """The absolute path without links, spelled as on the disk; what is not there stays as it is written.

    It asks the disk about every folder on the way. It never raises, also for links in a circle.
    """
    try:
        found = os.path.realpath(path)
    except (OSError, ValueError):  # a NUL in it, or a drive that does not answer
        return path
    # Windows has told the spelling with the real path. Others than Apple's systems tell letters apart.
    return Path(as_spelled(found, _names_in, os.path.lexists) if sys.platform == "darwin" else found)


def is_link(path: str) -> bool:
    """Whether there is a link, to whatever; on Windows also a junction, which takes no privilege to make."""
    try:
        return leads_elsewhere(os.lstat(path))
    except (OSError, ValueError):
        return False


def leads_elsewhere(status: os.stat_result) -> bool:
    """Whether this, asked without following links, is the status of a link or a junction."""
    return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == _JUNCTION


def as_spelled(path: str, names_in: Callable[[str], Iterable[str]], exists: Callable[[str], bool]) -> str:
    """The path in the letters of the disk, where upper and lower case are the same, or two forms of one letter.

    `names_in`: the names in a folder; `exists`: whether the system finds something by a path.
    """
    found, _, rest = path.partition("/")
    for name in rest.split("/"):
        names = list(names_in(found + "/"))
        if name not in names and exists(f"{found}/{name}"):
            alike = [one for one in names if _folded(one) == _folded(name)]
            name = alike[0] if len(alike) == 1 else name
        found += "/" + name
    return found


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - only the names are wanted
    except OSError:
        return []


class CanonicalPaths:
    """Canonical paths, remembered: a keystroke asks no disk, which may be at the other end of a network."""

    def __init__(self) -> None:
        self._known: dict[Path, Path] = {}
        self._on_the_way: set[Path] = set()

    def of(self, path: Path) -> Path:
        """See `canonical`. A relative path is only a name, and stays as it is."""
        if not path.is_absolute():
            return path
        found = self._known.get(path)
        if found is None:
            if len(self._known) >= MAX_KNOWN:
                self.forget()
            found = canonical(path)
            self._on_the_way.update((path, found, *path.parents, *found.parents))
            self._known[path] = found
        return found

    def depend_on(self, path: Path) -> bool:
        """Whether what happens to `path` on the disk may change an answer that is remembered."""
        return path in self._on_the_way

    def forget(self) -> None:
        self._known = {}
        self._on_the_way = set()
