"""Sorted texts that are kept between requests: the pieces of documents, and other files in groups."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from .native import LONGEST
from .sorted_text import comparable, cut, sort_texts
from .text_group import BEFORE, BEHIND, OTHER, PlacedText, SortedText

LIMIT_BYTES = 32_000_000
_SHORTEST_GROUP, _LONGEST_GROUP = 16_384, 65_536
"""Characters of other files that are sorted together: each search asks every group."""
_BYTES_PER_CHARACTER = 5
"""Of a sorted text: itself, and a place."""

_Key = tuple[int, int]
"""The hash of a text, and its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedDocument:
    """A document around a cursor that stands behind `cursor` bytes of it, as they are compared. `context`: the last
    `LONGEST` of them. `columns`: the indentation of the cursor's line."""

    pieces: tuple[PlacedText, ...]
    cursor: int
    context: bytes
    columns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Some of the whole lines above or below. `end`: in these, in characters. `columns_above`, `columns`: the
    indentation of the line above and of the last one. `text`: as it is compared."""

    end: int
    columns_above: int
    columns: int
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """The whole lines above or below the line at the cursor."""

    source: str
    parts: tuple[_Part, ...] = ()

    def parts_of(self, source: str) -> tuple[_Part, ...]:
        """The first parts that another text has too: lines come and go where someone types."""
        if self.source == source:
            return self.parts
        if source.startswith(self.source):
            return self.parts[:-1]  # the last one ended with the text
        if self.source.startswith(source):
            return tuple(part for part in self.parts if part.end <= len(source))
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Others:
    """The other files of the latest request, what their groups are kept under, and the groups."""

    texts: tuple[str, ...]
    keys: tuple[_Key, ...]
    groups: tuple[PlacedText, ...]


class CopyIndex:
    """The texts that were sorted lately, at most so many bytes of them. Used by one thread.

    A document is cut into pieces by its lines, so that a key sorts the line at the cursor, and a new line one piece.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._texts: OrderedDict[_Key, SortedText] = OrderedDict()  # the least recently used first
        self.clear()

    def clear(self) -> None:
        """Gives back all texts."""
        self._texts.clear()
        self._above = _Lines(source="")
        self._below = _Lines(source="")
        self._others = _Others(texts=(), keys=(), groups=())
        self.used_bytes = 0

    def document(self, before: str, after: str) -> SortedDocument:
        start = before.rfind("\n") + 1
        end = after.find("\n") + 1 or len(after)
        self._above = _read_lines(self._above, before[:start], 0)
        above = self._above.parts
        line = comparable(_bytes(before[start:]), is_open=True, columns=above[-1].columns if above else 0)
        rest = comparable(_bytes(after[:end]), starts_line=False, columns=line.columns)
        self._below = _read_lines(self._below, after[end:], rest.columns)
        head = self._pieces([*(part.text for part in above), line.text], BEFORE, 0)
        cursor = head[-1].end
        tail = self._pieces([rest.text, *(part.text for part in self._below.parts)], BEHIND, cursor + 1)
        return SortedDocument(
            pieces=(*head, *tail), cursor=cursor, context=head[-1].text.text[-LONGEST:], columns=line.columns
        )

    def others(self, texts: tuple[str, ...], check: Callable[[], None] = lambda: None) -> tuple[PlacedText, ...]:
        """The texts in sorted groups, as far as they fit, the first ones first. `check` is called before a group is
        sorted."""
        known = self._others
        if known.texts != texts or not all(key in self._texts for key in known.keys):
            known = self._others = self._sorted(texts, check)
        for key in reversed(known.keys):  # so that the farthest ones are given up first
            if key in self._texts:
                self._texts.move_to_end(key)
        return known.groups

    def _sorted(self, texts: tuple[str, ...], check: Callable[[], None]) -> _Others:
        keys: list[_Key] = []
        groups: list[PlacedText] = []
        room = self._limit_bytes // 2
        for group in _grouped(texts):
            key = hash(group), sum(map(len, group))
            room -= _BYTES_PER_CHARACTER * key[1]
            if room < 0:
                break
            if key not in self._texts:
                check()
            text = self._kept(key, lambda group=group: sort_texts([comparable(_bytes(text)).text for text in group]))
            keys.append(key)
            groups.append(PlacedText(text=text, source=OTHER))
        return _Others(texts=texts, keys=tuple(keys), groups=tuple(groups))

    def _pieces(self, texts: Sequence[bytes], source: int, start: int) -> list[PlacedText]:
        """The parts of a text that follow each other, of which the first begins at `start`."""
        pieces: list[PlacedText] = []
        before = bytes(LONGEST)
        for text in texts:
            key = hash((before, text)), len(text)
            sorted_text = self._kept(key, lambda text=text, before=before: sort_texts([text], before))
            pieces.append(PlacedText(text=sorted_text, source=source, start=start))
            before = sorted_text.text[-LONGEST:]
            start += len(text)
        return pieces

    def _kept(self, key: _Key, make: Callable[[], SortedText]) -> SortedText:
        found = self._texts.get(key)
        if found is not None:
            self._texts.move_to_end(key)
            return found
        found = self._texts[key] = make()
        self.used_bytes += found.size_bytes
        while self.used_bytes > self._limit_bytes and len(self._texts) > 1:
            self.used_bytes -= self._texts.popitem(last=False)[1].size_bytes
        return found


def _read_lines(known: _Lines, source: str, columns: int) -> _Lines:
    """Whole lines as they are compared. `columns`: the indentation of the line above. `known`: the latest ones."""
    parts: list[_Part] = []
    start = 0
    for part in known.parts_of(source):
        if part.columns_above != columns:
            part = _part(_bytes(source[start : part.end]), part.end, columns)
        parts.append(part)
        start, columns = part.end, part.columns
    for piece in cut(_bytes(source[start:])):
        part = _part(piece, start + len(piece.decode()), columns)
        parts.append(part)
        start, columns = part.end, part.columns
    return _Lines(source=source, parts=tuple(parts))


def _part(source: bytes, end: int, columns: int) -> _Part:
    compared = comparable(source, columns=columns)
    return _Part(end=end, columns_above=columns, columns=compared.columns, text=compared.text)


def _grouped(texts: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Cuts a list of texts behind some that their own length chooses, so that one that comes or goes changes few
    groups."""
    group: list[str] = []
    size = 0
    for text in texts:
        group.append(text)
        size += len(text)
        if size >= _LONGEST_GROUP or (size >= _SHORTEST_GROUP and len(text) % 4 == 0):
            yield tuple(group)
            group, size = [], 0
    if group:
        yield tuple(group)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
