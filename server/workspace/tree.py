"""The files of a root as they are by now: listed once, then kept true one event at a time."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from typing import Literal

from ...fim.resolve import Paths
from .canonical_paths import leads_elsewhere
from .exclusions import defaults
from .listing import Lister, Listing, Scopes

MAX_FOLDER_CHARACTERS = 4096
"""An editor may tell of a longer path; no disk has one."""
_NO_LIMIT = 1 << 40


class Tree:
    """`paths`: the files, another object after each listing of the whole. `changes` counts what came or went."""

    def __init__(self, lister: Lister, make_paths: Callable[[Iterable[str]], Paths] = Paths) -> None:
        self._lister = lister
        self._make_paths = make_paths
        self.paths = make_paths(())
        self.changes = 0
        self._folders: dict[str, Scopes] = {}
        self._lifted: set[str] = set()

    def list_all(self) -> None:
        self.take(self._lister.whole())

    def take(self, listing: Listing) -> None:
        """Takes a listing of the whole in place of what was known."""
        self.paths, self._folders = self._make_paths(listing.files), listing.folders
        self.changes += 1

    def examine(self, path: str, *, is_open: bool, appeared: bool) -> None:
        """Looks at one path again, whatever happened to it. `is_open`: it is a file even where the disk has none.

        `appeared`: where it is a folder, what is in it may be another than before.
        """
        kind = _kind(self._lister.root + path)
        if kind == "folder":
            if appeared:
                self._forget_below(path)
            if self._scopes(path) is None:
                self._add(self._lister.kept_in(path))
            return
        self._forget_below(path)
        if (kind == "file" or (is_open and kind is None)) and self._has_place_for(path):
            self._add([path])
        else:
            self._discard([path])

    def _has_place_for(self, path: str) -> bool:
        parent, _, name = path.rpartition("/")
        scopes = self._scopes(parent)
        if scopes is None:
            return path in self._lister.kept_in(parent)
        return not self._lister.excludes_file(path, name, scopes)

    def _add(self, paths: Iterable[str]) -> None:
        for path in paths:
            self.changes += path not in self.paths
            self.paths.add(path)

    def _discard(self, paths: Iterable[str]) -> None:
        for path in paths:
            self.changes += path in self.paths
            self.paths.discard(path)

    def lift(self, folder: str) -> None:
        """Lists a folder that someone works in even if it is called as output is."""
        if folder in self._folders or folder in self._lifted or len(folder) > MAX_FOLDER_CHARACTERS:
            return
        self._lifted.add(folder)
        parts = folder.split("/")
        above = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        self._lister.lifted |= {path for path in above if path.rpartition("/")[2] in defaults().output}
        self._scopes(folder)

    def _scopes(self, folder: str) -> Scopes | None:
        """What is ignored in a folder, which is listed if it was not yet; None where it is left out."""
        unknown: list[str] = []
        while folder and folder not in self._folders:
            unknown.append(folder)
            folder = folder.rpartition("/")[0]
        scopes: Scopes | None = self._folders.get(folder, Scopes())
        for place in reversed(unknown):
            if scopes is None:
                return None
            # It may be listed by now, with its parent.
            scopes = self._folders[place] if place in self._folders else self._list(place, scopes)
        return scopes

    def _list(self, folder: str, scopes: Scopes) -> Scopes | None:
        """Lists a folder in one with `scopes`. What is ignored in it; None where it is left out."""
        parent, _, name = folder.rpartition("/")
        if self._lister.excludes_folder(folder, name, scopes, self._names_in(parent)):
            return None
        kind = _kind(self._lister.root + folder)
        if kind == "folder":
            listing = self._lister.below(folder, scopes)
            self._folders.update(listing.folders)
            self._add(listing.files)
            return self._folders.get(folder)
        return scopes if kind is None else None

    def _names_in(self, folder: str) -> list[str]:
        try:
            return os.listdir(self._lister.root + folder)  # noqa: PTH208 - only the names are wanted
        except OSError:
            return []

    def _forget_below(self, folder: str) -> None:
        if folder in self._folders:
            self._folders = {
                path: scopes
                for path, scopes in self._folders.items()
                if path != folder and not path.startswith(folder + "/")
            }
        self._discard(self.paths.below(folder, limit=_NO_LIMIT))


def _kind(path: str) -> Literal["file", "folder", "other"] | None:
    """What is there, links not followed; None for nothing."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    mode = status.st_mode
    if leads_elsewhere(status):
        return "other"
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "other"
