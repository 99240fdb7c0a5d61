"""What the context engine is handed: a root as one prompt sees it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, MutableMapping, Sequence
from functools import cached_property
from typing import Any, TypeVar, cast

from ... import fim
from ...fim.code import EMPTY, Outline
from ...fim.resolve import Kept, Paths
from ...fim.resolve.project import Sized
from ..parsing import read_source
from .index import ProjectIndex
from .reading import File, LeftOut, make_file

T = TypeVar("T")
S = TypeVar("S", bound=Sized)

LIBRARY_CHARACTERS = 200_000
"""Of libraries, one prompt parses only so much that is new: some 0.2 s. The next prompts have the rest."""

NEARBY_CHARACTERS = 100_000
"""Of files that are only near, half as much (`View.outline_within_budget`)."""


class View:
    """A `Project` for one prompt: a file that it has read stays the same, and so do the paths.

    `path`: the file under the cursor. `lines`: its text, where it is neither the disk's nor an open document's.
    `is_another`: whether the root is another folder than in the last prompt, which asks the disk. `patient`: whether
    all that is needed is parsed, however long that takes: as the next prompts have it.
    """

    source = staticmethod(read_source)

    def __init__(
        self,
        index: ProjectIndex,
        path: str,
        lines: Sequence[str] | None,
        *,
        is_another: Callable[[], bool],
        patient: bool,
    ) -> None:
        self._index = index
        self._is_another = is_another
        self._path = path
        self._paths: Paths | None = None
        self._files: dict[str, File | None] = {}
        self._library_room = math.inf if patient else LIBRARY_CHARACTERS
        self._nearby_room = math.inf if patient else NEARBY_CHARACTERS
        if lines is not None:
            self._files[path] = _file(path, lines)

    @property
    def paths(self) -> Paths:
        if self._paths is None:
            if self._is_another():
                self._index.notice("", appeared=True)
            self._paths = self._index.settle(self._path)
        return self._paths

    @property
    def recent(self) -> Collection[str]:
        return self._index.recent(self._path) if self.paths else ()

    @property
    def memo(self) -> MutableMapping[Hashable, Any]:
        return self._index.memo if self.paths else {}

    @property
    def kept(self) -> Kept:
        return self._index.memory

    def reading(self, path: str, read: Callable[[fim.Document], S]) -> S | None:
        file = self._file(path)
        if file is None:
            return None
        found = file.readings.get(read)  # without the index, which may be at work for others
        return self._index.reading(path, file, read) if found is None else cast(S, found)

    def document(self, path: str) -> fim.Document | None:
        file = self._file(path)
        return None if file is None else file.document

    def outline(self, path: str) -> Outline:
        is_new = self.paths.is_library(path) and not self._index.is_parsed(path)
        if is_new and self._library_room <= 0:
            return EMPTY
        file = self._file(path)
        if file is None:
            return EMPTY
        if is_new:
            self._library_room -= sum(map(len, file.raw))
        return self._index.outline(path, file)

    def outline_within_budget(self, path: str) -> Outline:
        lately = None if path in self._files else self._index.seen_lately(path)
        if lately is not None:
            self._files[path] = lately
        file = self._files.get(path)
        if file is not None and "outline" in vars(file):
            return file.outline
        is_new = not self._index.is_parsed(path)
        if is_new and self._nearby_room <= 0:
            return EMPTY
        outline = self.outline(path)
        file = self._files.get(path)
        if is_new and file is not None:
            self._nearby_room -= sum(map(len, file.raw))
        return outline

    def manifest(self, path: str, parse: Callable[[str], T]) -> T | None:
        return self._index.manifest(path, parse) if path in self.paths else None

    def _file(self, path: str) -> File | None:
        if path not in self._files:
            self._files[path] = self._index.file(path) if path in self.paths else None
        return self._files[path]


class SingleFileProject:
    """A `Project` for a file that is in no root: there is nothing but itself. `lines` gives its text, if it has one; it
    is asked at the first use. `kept`: the memory of such files, by their names."""

    source = staticmethod(read_source)

    def __init__(self, name: str, lines: Callable[[], Sequence[str]] | None, kept: Kept) -> None:
        self.paths = Paths([name])
        self.recent: tuple[str, ...] = ()
        self.memo: dict[Hashable, Any] = {}
        self.kept = kept
        self._name = name
        self._lines = lines

    @cached_property
    def _file(self) -> File | None:
        return None if self._lines is None else _file(self._name, self._lines())

    def document(self, path: str) -> fim.Document | None:
        return self._file.document if self._file is not None and path in self.paths else None

    def reading(self, path: str, read: Callable[[fim.Document], S]) -> S | None:
        document = self.document(path)
        return None if document is None else read(document)

    def outline(self, path: str) -> Outline:
        return self._file.outline if self._file is not None and path in self.paths else EMPTY

    def outline_within_budget(self, path: str) -> Outline:
        return self.outline(path)

    def manifest(self, path: str, parse: Callable[[str], T]) -> T | None:
        return None


def _file(path: str, lines: Sequence[str]) -> File | None:
    try:
        return make_file(path, lines, fim.language_of_path(path), None)
    except LeftOut:
        return None
