"""A project that can be left at every file: who is asked for a context may learn that nobody waits for it any more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, MutableMapping
from typing import Any, TypeVar

from ..code import Outline
from ..resolve import Kept, Paths, Project, ReadSource
from ..resolve.project import Sized
from ..text import Document

T = TypeVar("T")
S = TypeVar("S", bound=Sized)

Stop = Callable[[], None]
"""Returns to go on; what it raises ends the work that it is called from, which leaves nothing half done behind."""


class CancellableProject:
    """A `Project` that calls `stop` before it gives anything of a file."""

    def __init__(self, project: Project, stop: Stop) -> None:
        self._project = project
        self._stop = stop

    @property
    def paths(self) -> Paths:
        return self._project.paths

    @property
    def recent(self) -> Collection[str]:
        return self._project.recent

    @property
    def memo(self) -> MutableMapping[Hashable, Any]:
        return self._project.memo

    @property
    def source(self) -> ReadSource:
        return self._project.source

    @property
    def kept(self) -> Kept:
        return self._project.kept

    def reading(self, path: str, read: Callable[[Document], S]) -> S | None:
        self._stop()
        return self._project.reading(path, read)

    def document(self, path: str) -> Document | None:
        self._stop()
        return self._project.document(path)

    def outline(self, path: str) -> Outline:
        self._stop()
        return self._project.outline(path)

    def outline_within_budget(self, path: str) -> Outline:
        self._stop()
        return self._project.outline_within_budget(path)

    def manifest(self, path: str, parse: Callable[[str], T]) -> T | None:
        self._stop()
        return self._project.manifest(path, parse)
