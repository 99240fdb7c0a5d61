"""Windows of other files that resemble what is around the cursor, by the words they share (Jaccard index)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from sys import getsizeof

from ..resolve import Project
from ..text import Cursor, Document

_LINES = 24
_STRIDE_LINES = 12
_LONGEST_LINES = 4000
_LEAST = 0.12
_FILES = 12
_WORD_BYTES = 30  # most words stand in several strides, and are kept once
_WORD = re.compile(r"[A-Za-z_]\w{2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Lines of a file, first to end, and how much they resemble, from 0 to 1."""

    path: str
    first: int
    end: int
    likeness: float


@dataclass(frozen=True, kw_only=True)
class FileWindows:
    """The windows of a file, two strides each. `strides`: the words of each stride; `counts`: how many words each
    window has; `lines`: how many lines of the file were read."""

    strides: tuple[frozenset[str], ...]
    counts: tuple[int, ...]
    lines: int

    @property
    def size_bytes(self) -> int:
        """What it takes in memory, estimated by the measured sizes of its parts."""
        words = sum(map(len, self.strides))
        return sum(map(getsizeof, self.strides)) + _WORD_BYTES * words + 40 * len(self.counts)


def read_windows(document: Document) -> FileWindows:
    """The words of a file, stride by stride."""
    lines = document.lines[:_LONGEST_LINES]
    known: dict[str, str] = {}  # of equal words, one is kept
    strides: list[frozenset[str]] = []
    for first in range(0, len(lines), _STRIDE_LINES):
        words = _words(lines[first : first + _STRIDE_LINES])
        strides.append(frozenset([known.setdefault(word, word) for word in words]))
    windows = range(0, max(1, len(lines) - _STRIDE_LINES + 1), _STRIDE_LINES)
    counts = [len(_union(strides[number : number + 2])) for number in range(len(windows))]
    return FileWindows(strides=tuple(strides), counts=tuple(counts), lines=len(lines))


def similar_windows(document: Document, cursor: Cursor, project: Project, *, neighbours: bool) -> list[Window]:
    """The best window of each open or lately edited file, the most similar first.

    `neighbours`: also files of the same language in the same folder, where nothing better is known of the language.
    """
    wanted = _words(document.lines[max(0, cursor.line - _LINES) : cursor.line])
    wanted |= _words((document.before(cursor),))
    if not wanted:
        return []
    found: list[Window] = []
    for path in _paths(document, project, neighbours=neighbours):
        windows = project.reading(path, read_windows)
        if windows is not None:
            found += _best_window(path, windows, wanted)
    return sorted(found, key=lambda window: (-window.likeness, window.path))


def _paths(document: Document, project: Project, *, neighbours: bool) -> list[str]:
    folder, _, name = document.path.rpartition("/")
    end = name.rpartition(".")[2]
    beside = project.paths.files_in(folder) if neighbours else ()
    paths = dict.fromkeys([*project.recent, *(path for path in beside if path.endswith("." + end))])
    return [path for path in paths if path != document.path][:_FILES]


def _best_window(path: str, windows: FileWindows, wanted: frozenset[str]) -> list[Window]:
    """The window that resembles most what is wanted, the first of equals; none where none does enough."""
    shared = [stride & wanted for stride in windows.strides]
    best, likeness = 0, 0.0
    for number, count in enumerate(windows.counts):
        common = len(_union(shared[number : number + 2]))
        if count and common / (count + len(wanted) - common) > likeness:
            best, likeness = number, common / (count + len(wanted) - common)
    if likeness < _LEAST:
        return []
    first = best * _STRIDE_LINES
    return [Window(path=path, first=first, end=min(first + _LINES, windows.lines), likeness=likeness)]


def _words(lines: Sequence[str]) -> frozenset[str]:
    return frozenset(_WORD.findall("".join(lines)))


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sets)
