"""The words of the files beside the one under the cursor: files of one folder tend to use the same names of others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from weakref import ref

from ..resolve import Kept, Project
from ..text import Document
from .names.usage import Uses, all_used, members_used

FILES = 16
_LINES = 2000
_NEAR_ROWS = 2
_MAX_PLACES = 6  # of a word in a file
_SMOOTHING = 2
_KEPT_AS = "neighbours"
_WORD_BYTES, _COUNT_BYTES, _USE_BYTES = 350, 100, 450
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, kw_only=True, eq=False)
class FileWords:
    """The words of a file's first lines; compared by identity.

    `rows`: those of each line. `places`: the first lines of each word. `uses`: the members used with each name.
    """

    rows: tuple[tuple[str, ...], ...]
    places: Mapping[str, Sequence[int]]
    uses: Uses

    @property
    def size_bytes(self) -> int:
        """What it takes in memory, estimated by the measured sizes of its parts."""
        occurrences = sum(map(len, self.rows))
        return 60 * len(self.rows) + 8 * occurrences + _WORD_BYTES * len(self.places) + _USE_BYTES * len(self.uses)


@dataclass(frozen=True, kw_only=True)
class _Together:
    """What several files' words are together. The files themselves are not kept alive."""

    files: tuple[ref[FileWords], ...]
    counts: Mapping[str, int]
    uses: Uses

    @property
    def size_bytes(self) -> int:
        return _COUNT_BYTES * len(self.counts) + _USE_BYTES * len(self.uses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The words of each neighbour by its path, in how many of them each word stands, and what is used with each."""

    files: Mapping[str, FileWords]
    counts: Mapping[str, int]
    uses: Uses

    def share_using(self, name: str, apart_from: str) -> float:
        """The share of the neighbours that use a name, without the file that defines it."""
        using, others = self.counts.get(name, 0), len(self.files)
        if not using:
            return 0.0
        if apart_from in self.files:
            using, others = using - (name in self.files[apart_from].places), others - 1
        return using / others if others else 0.0

    def used_with(self, words: Mapping[str, float]) -> Mapping[str, float]:
        """How likely a name stands close to `words`, each with what it counts, going by the lines of the neighbours."""
        best: dict[str, float] = {}
        for word, counts in words.items():
            if word not in self.counts:
                continue
            places, found = self._beside(word)
            for name, times in found.items():
                share = counts * times / (places + _SMOOTHING)
                if share > best.get(name, 0.0):
                    best[name] = share
        return best

    def _beside(self, word: str) -> tuple[int, Mapping[str, int]]:
        """How many places of a word are looked at, and in how many of them each other word stands close."""
        found: list[set[str]] = []
        for file in self.files.values():
            for row in file.places.get(word, ()):
                found.append(set(chain.from_iterable(file.rows[max(0, row - _NEAR_ROWS) : row + _NEAR_ROWS + 1])))
        return len(found), Counter(chain.from_iterable(found))


def read_neighbours(document: Document, project: Project) -> Neighbours:
    """The open and lately edited files of the same kind, and files of the same folder."""
    files: dict[str, FileWords] = {}
    for path in paths_beside(document, project):
        words = project.reading(path, read_words)
        if words is not None:
            files[path] = words
    together = _together(document.path, list(files.values()), project.kept)
    return Neighbours(files=files, counts=together.counts, uses=together.uses)


def read_words(document: Document) -> FileWords:
    """The words of a file's first lines."""
    lines = document.lines[:_LINES]
    known: dict[str, str] = {}  # of equal words, one is kept
    rows: list[tuple[str, ...]] = []
    places: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        row = tuple([known.setdefault(word, word) for word in _WORD.findall(line)])
        rows.append(row)
        for word in row:
            where = places.setdefault(word, [])
            if len(where) < _MAX_PLACES:
                where.append(number)
    return FileWords(rows=tuple(rows), places=places, uses=members_used(lines))


def _together(path: str, files: Sequence[FileWords], kept: Kept) -> _Together:
    """The words of the files together, remembered for the document `path` as long as the files are the same."""
    known: _Together | None = kept.get(path, _KEPT_AS)
    if known is not None and [file() for file in known.files] == files:
        return known
    found = _Together(
        files=tuple(map(ref, files)),
        counts=Counter(chain.from_iterable(file.places for file in files)),
        uses=all_used(file.uses for file in files),
    )
    kept.put(path, _KEPT_AS, found)
    return found


def paths_beside(document: Document, project: Project) -> list[str]:
    """At most `FILES` neighbours. In a large folder, those whose names are next to the document's."""
    folder, _, name = document.path.rpartition("/")
    end = "." + name.rpartition(".")[2]
    recent = [path for path in project.recent if path.endswith(end) and path != document.path]
    beside = [path for path in project.paths.files_in(folder) if path.endswith(end)]
    after = sum(path <= document.path for path in beside)
    first = max(0, min(after - FILES // 2, len(beside) - FILES - 1))
    beside = [path for path in beside[first : first + FILES + 1] if path != document.path]
    return list(dict.fromkeys([*recent[: FILES // 2], *beside]))[:FILES]
