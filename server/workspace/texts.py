"""Where the text of a root's file is by now: in the editor, or on the disk below a folder."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from .buffers import Buffer, Buffers
from .libraries import Libraries
from .reading import MAX_FILE_BYTES, MAX_LIBRARY_FILE_BYTES, LeftOut, Stamp, stamp_on_disk
from .tree import Tree

log = logging.getLogger(__name__)


class Texts:
    """The texts of one root, whose folder is `base`. `open`: its files that are open in the editor."""

    def __init__(self, base: str, tree: Tree, buffers: Buffers, libraries: Libraries | None) -> None:
        self.open: Mapping[str, Path] = {}
        self._base = base
        self._tree = tree
        self._buffers = buffers
        self._libraries = libraries
        self._named: set[str] = set()

    def buffer(self, path: str) -> Buffer | None:
        return self._buffers.get(self.open[path]) if path in self.open else None

    def stamp(self, path: str) -> Stamp:
        """Another one for another text; see `Stamp`."""
        buffer = self.buffer(path)
        return stamp_on_disk("".join(self.on_disk(path))) if buffer is None else ("open", buffer.revision)

    def limit_bytes(self, path: str) -> int:
        return MAX_LIBRARY_FILE_BYTES if self._tree.paths.is_library(path) else MAX_FILE_BYTES

    def on_disk(self, path: str) -> tuple[str, str]:
        """A folder and the path below it, on which no link is followed."""
        if self._libraries is not None and self._tree.paths.is_library(path):
            return self._libraries.on_disk(path) or (self._base, path)
        return self._base, path

    def tell_left_out(self, path: str, error: Exception) -> None:
        """Names a file that is left out in the log, the first time."""
        if path in self._named or isinstance(error, FileNotFoundError):
            return
        self._named.add(path)
        level = logging.INFO if isinstance(error, LeftOut) and error.quiet else logging.WARNING
        log.log(level, "%s%s is left out: %s", *self.on_disk(path), error)
