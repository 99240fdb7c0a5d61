"""Where a repository is measured: places whose text is cut out of a document, what is being worked on first.

Of five places, two begin in lines that are not committed, two in the files that were committed last, and one in any
file, as far as there are such; without git, all are in any file. Nothing is read but the files that are drawn, and
those that were written last, to know which of their lines are not committed.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle
from typing import Literal

from ... import fim
from ...fim.code import grammar_of
from ..cleaning import is_generated
from ..data.source import readable_source
from ..history import History
from ..middles import OWN_KINDS, Kind, Source, draw_own, lines_of, source_of
from ..repository import Repository

Recency = Literal["uncommitted", "recent", "other"]
"""Whether a place is in a line that is not committed, in a file that was committed lately, or in another."""

SEED = 7
_TURNS: tuple[Recency, ...] = ("uncommitted", "recent", "uncommitted", "recent", "other")
_LONGEST_BYTES = 200_000
_KEPT_FILES = 64
# The files that git calls changed are among those that were written last.
_LOOKED_AT = 200
_RECENT_SHARE = 5
_FEWEST_RECENT = 10
# Long files as often as they have lines, but for the longest, which are often tables.
_HEAVIEST_BYTES = 50_000
_FEWEST_FILES = 50
_FILES_PER_PLACE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`text[start:end]` of a file is cut out. `language`: its name. `line` and `column` of the cursor: from 0."""

    path: str
    language: str
    kind: Kind
    recency: Recency
    text: str
    start: int
    end: int
    line: int
    column: int

    @property
    def answer(self) -> str:
        return self.text[self.start : self.end]

    @property
    def cursor(self) -> fim.Cursor:
        return fim.Cursor(line=self.line, column=self.column)

    def document(self) -> fim.Document:
        """What an editor has while that is still to be typed, whatever the file on the disk says."""
        lines = fim.split_lines(self.text[: self.start] + self.text[self.end :])
        return fim.Document(path=self.path, language=fim.language_named(self.language), lines=tuple(lines))


def place_at(path: str, language: str, text: str, start: int, end: int, kind: Kind, recency: Recency) -> Place:
    above = text.rfind("\n", 0, start) + 1
    line, column = len(fim.split_lines(text[:above])), start - above
    return Place(
        path=path,
        language=language,
        kind=kind,
        recency=recency,
        text=text,
        start=start,
        end=end,
        line=line,
        column=column,
    )


def draw_places(
    repository: Repository,
    history: History,
    number: int,
    *,
    kinds: Sequence[Kind] = OWN_KINDS,
    seed: int = SEED,
) -> list[Place]:
    """Places by seed, no two in one line, the kinds in turn; fewer than `number` where there are no more."""
    drawer = _Drawer(repository, history, number, seed)
    places: list[Place] = []
    left = list(kinds)
    for recency in cycle(_TURNS):
        if len(places) >= number or not left:
            return places
        kind = left[len(places) % len(left)]
        place = drawer.place(kind, recency)
        if place is None:
            left.remove(kind)
        else:
            places.append(place)
    raise AssertionError


class _Drawer:
    """The files that are left to draw from, and the lines that were drawn."""

    def __init__(self, repository: Repository, history: History, number: int, seed: int) -> None:
        self._repository = repository
        self._history = history
        self._draw = random.Random(seed)  # noqa: S311
        self._used: dict[str, set[int]] = defaultdict(set)
        self._text = lru_cache(maxsize=_KEPT_FILES)(self._read)
        self._source = lru_cache(maxsize=_KEPT_FILES)(self._parse)
        sizes = _sizes(repository)
        most = max(_FEWEST_FILES, number * _FILES_PER_PLACE)
        groups = {
            "uncommitted": self._maybe_uncommitted(sizes),
            "recent": _recent(sizes, history),
            "other": sizes,
        }
        self._files: dict[Recency, list[str]] = {}
        for recency in dict.fromkeys(_TURNS):
            self._files[recency] = _weighted_order(groups[recency], sizes, most, self._draw)
        self._without: dict[tuple[Kind, Recency], set[str]] = defaultdict(set)

    def place(self, kind: Kind, wanted: Recency) -> Place | None:
        """One of a kind, of the wanted sort if there is one; None where there is none of any sort."""
        for recency in dict.fromkeys((wanted, *_TURNS)):
            place = self._place_of(kind, recency)
            if place is not None:
                return place
        return None

    def _place_of(self, kind: Kind, recency: Recency) -> Place | None:
        without = self._without[kind, recency]
        left = [path for path in self._files[recency] if path not in without]
        while left:
            # Those in front are drawn more often: the order is by weight and by chance.
            path = left[min(self._draw.randrange(len(left)), self._draw.randrange(len(left)))]
            place = self._place_in(path, kind, recency)
            if place is not None:
                return place
            without.add(path)
            left.remove(path)
        return None

    def _place_in(self, path: str, kind: Kind, recency: Recency) -> Place | None:
        source = self._source(path)
        if source is None:
            return None
        among = frozenset(range(len(source.lines)))
        if recency == "uncommitted":
            among = self._history.uncommitted_lines(path, source.text)
        middle = draw_own(source, kind, among - self._used[path], self._draw)
        if middle is None:
            return None
        self._used[path].update(lines_of(source, middle))
        return place_at(path, source.language.name, source.text, middle.start, middle.end, kind, recency)

    def _read(self, path: str) -> str | None:
        """The file as it is measured; None where a program wrote it, or it is no text."""
        found = readable_source(self._repository, path)
        return None if found is None or is_generated(found.text) else found.text

    def _parse(self, path: str) -> Source | None:
        text, language = self._text(path), fim.language_of_path(path)
        return None if text is None or language is None else source_of(path, language, text)

    def _maybe_uncommitted(self, sizes: Mapping[str, _Size]) -> Iterable[str]:
        """Untracked files, and the newest of the others that do have lines which HEAD's have not."""
        untracked = [path for path in sizes if self._history.is_untracked(path)]
        tracked = [path for path in sizes if path in self._history.blobs]
        newest = heapq.nlargest(_LOOKED_AT, tracked, key=lambda path: (sizes[path].written_ns, path))
        return [*untracked, *sorted(path for path in newest if self._is_changed(path))]

    def _is_changed(self, path: str) -> bool:
        text = self._text(path)
        return text is not None and bool(self._history.uncommitted_lines(path, text))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    size_bytes: int
    written_ns: int


def _sizes(repository: Repository) -> dict[str, _Size]:
    """Of the files of code that are not too long; nothing of them is read."""
    sizes: dict[str, _Size] = {}
    for path in repository.paths():
        if not _is_code(path):
            continue
        try:
            status = (repository.root / path).stat()
        except OSError:
            continue
        if 0 < status.st_size <= _LONGEST_BYTES:
            sizes[path] = _Size(size_bytes=status.st_size, written_ns=status.st_mtime_ns)
    return sizes


def _is_code(path: str) -> bool:
    """Whether the language has a grammar: what documents and configures a repository has none."""
    language = fim.language_of_path(path)
    return language is not None and grammar_of(path, language) is not None


def _recent(sizes: Mapping[str, _Size], history: History) -> list[str]:
    """The fifth of the files that were committed last, at least ten; those of one commit belong together."""
    times = {path: time for path in sizes if (time := history.changed(path)) is not None}
    number = max(_FEWEST_RECENT, len(times) // _RECENT_SHARE)
    newest = sorted(times.values(), reverse=True)[:number]
    return [path for path, time in times.items() if time >= newest[-1]]


def _weighted_order(paths: Iterable[str], sizes: Mapping[str, _Size], most: int, draw: random.Random) -> list[str]:
    """At most so many of the paths, long files rather in front.

    Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006): the smallest of exponentially
    distributed keys whose rates are the weights.
    """

    def keys() -> Iterator[tuple[float, str]]:
        for path in sorted(paths):
            weight = min(sizes[path].size_bytes, _HEAVIEST_BYTES)
            yield -math.log(1 - draw.random()) / weight, path

    return [path for _, path in heapq.nsmallest(most, keys())]
