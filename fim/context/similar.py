"""Windows of other files that resemble what is around the cursor, by the words they share (Jaccard index)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from ..resolve import Project
from ..text import Cursor, Document

_LINES = 24
_STRIDE_LINES = 12
_LONGEST_LINES = 4000
_LEAST = 0.12
_FILES = 12
_WORD = re.compile(r"[A-Za-z_]\w{2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Lines of a file, first to end, and how much they resemble, from 0 to 1."""

    path: str
    first: int
    end: int
    likeness: float


def similar_windows(document: Document, cursor: Cursor, project: Project, *, neighbours: bool) -> list[Window]:
    """The best window of each open or lately edited file, the most similar first.

    `neighbours`: also files of the same language in the same folder, where nothing better is known of the language.
    """
    wanted = _words(document.lines[max(0, cursor.line - _LINES) : cursor.line])
    wanted |= _words((document.before(cursor),))
    if not wanted:
        return []
    found = []
    for path in _paths(document, project, neighbours=neighbours):
        other = project.document(path)
        best = max(_windows(path, other, wanted), key=lambda w: (w.likeness, -w.first), default=None) if other else None
        if best is not None and best.likeness >= _LEAST:
            found.append(best)
    return sorted(found, key=lambda window: (-window.likeness, window.path))


def _paths(document: Document, project: Project, *, neighbours: bool) -> list[str]:
    folder, _, name = document.path.rpartition("/")
    end = name.rpartition(".")[2]
    beside = project.paths.files_in(folder) if neighbours else ()
    paths = dict.fromkeys([*project.recent, *(path for path in beside if path.endswith("." + end))])
    return [path for path in paths if path != document.path][:_FILES]


def _windows(path: str, document: Document, wanted: frozenset[str]) -> Iterator[Window]:
    lines = document.lines[:_LONGEST_LINES]
    for first in range(0, max(1, len(lines) - _STRIDE_LINES + 1), _STRIDE_LINES):
        words = _words(lines[first : first + _LINES])
        if words:
            likeness = len(words & wanted) / len(words | wanted)
            yield Window(path=path, first=first, end=min(first + _LINES, len(lines)), likeness=likeness)


@lru_cache(8192)
def _words(lines: tuple[str, ...]) -> frozenset[str]:
    return _union(map(_words_of, lines))


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sets)


@lru_cache(65536)
def _words_of(line: str) -> frozenset[str]:
    return frozenset(_WORD.findall(line))
