"""The words of the files beside the one under the cursor: files of one folder tend to use the same names of others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from ..resolve import Project
from ..text import Document
from .names.usage import Uses, all_used, members_used

FILES = 16
_LINES = 2000
_NEAR_ROWS = 2
_MAX_PLACES = 6  # of a word in a file
_SMOOTHING = 2
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The words of each neighbour by its path, in how many of them each word stands, what is used with each, and their
    lines."""

    words: Mapping[str, frozenset[str]]
    counts: Mapping[str, int]
    uses: Uses
    texts: tuple[tuple[str, ...], ...] = ()

    def share_using(self, name: str, apart_from: str) -> float:
        """The share of the neighbours that use a name, without the file that defines it."""
        using, others = self.counts.get(name, 0), len(self.words)
        if not using:
            return 0.0
        if apart_from in self.words:
            using, others = using - (name in self.words[apart_from]), others - 1
        return using / others if others else 0.0

    def used_with(self, words: Mapping[str, float]) -> Mapping[str, float]:
        """How likely a name stands close to `words`, each with what it counts, going by the lines of the neighbours."""
        best: dict[str, float] = {}
        indexes = [*map(_rows_of, self.texts)]
        for word, counts in words.items():
            if word not in self.counts:
                continue
            places, found = 0, Counter[str]()
            for rows, where in indexes:
                for row in where.get(word, ())[:_MAX_PLACES]:
                    places += 1
                    found.update({*chain.from_iterable(rows[max(0, row - _NEAR_ROWS) : row + _NEAR_ROWS + 1])})
            for name, times in found.items():
                share = counts * times / (places + _SMOOTHING)
                if share > best.get(name, 0.0):
                    best[name] = share
        return best


def read_neighbours(document: Document, project: Project) -> Neighbours:
    """The open and lately edited files of the same kind, and files of the same folder."""
    others = [other for path in paths_beside(document, project) if (other := project.document(path)) is not None]
    return _read(tuple((other.path, other.lines[:_LINES]) for other in others))


@lru_cache(8)
def _read(files: tuple[tuple[str, tuple[str, ...]], ...]) -> Neighbours:
    words = {path: _words_of(lines) for path, lines in files}
    return Neighbours(
        words=words,
        counts=Counter(chain.from_iterable(words.values())),
        uses=all_used(members_used(lines) for _, lines in files),
        texts=tuple(lines for _, lines in files),
    )


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


@lru_cache(512)
def _words_of(lines: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_WORD.findall("".join(lines)))


@lru_cache(512)
def _rows_of(lines: tuple[str, ...]) -> tuple[list[list[str]], Mapping[str, list[int]]]:
    """The words of each line, and the lines of each word."""
    rows = [_WORD.findall(line) for line in lines]
    where: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        for word in row:
            where.setdefault(word, []).append(number)
    return rows, where
