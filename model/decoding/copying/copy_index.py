"""Sorted texts that are kept between requests: the pieces of documents, and whole other files."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .native import LONGEST
from .sorted_text import Comparable, SortedText, comparable, cut, sort_text

LIMIT_BYTES = 48_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A sorted part of a document, and where it begins in it, in bytes as they are compared."""

    text: SortedText
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedDocument:
    """The pieces before and behind the cursor. `before`: all that stands before it, as it is compared."""

    before: Comparable
    pieces_before: tuple[Piece, ...]
    pieces_behind: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Where a text is cut, and what its sorted part is kept under."""

    first: int
    end: int
    key: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """What was made of a text of the latest document. `columns_above`, `columns`: see `comparable`."""

    source: str
    columns_above: int
    text: bytes
    columns: int
    parts: tuple[_Part, ...]


class CopyIndex:
    """The texts that were sorted lately, at most so many bytes of them. Used by one thread.

    A document is cut into pieces by its lines, so that a key sorts one piece anew.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._texts: OrderedDict[tuple[int, int], SortedText] = OrderedDict()  # the least recently used first
        self._latest: dict[str, _Compared] = {}
        self.used_bytes = 0

    def clear(self) -> None:
        """Gives back all texts."""
        self._texts.clear()
        self._latest.clear()
        self.used_bytes = 0

    def document(self, before: str, after: str) -> SortedDocument:
        start = before.rfind("\n") + 1
        lines = self._compared("before", before[:start], starts_line=True, columns=0)
        line = comparable(_bytes(before[start:]), is_open=True, columns=lines.columns)
        tail = self._compared("after", after, starts_line=False, columns=line.columns)
        head = Comparable(text=lines.text + line.text, columns=line.columns)
        # The last piece of the whole lines goes on with the line at the cursor.
        *whole, last = lines.parts or (_Part(first=0, end=0, key=(0, 0)),)
        parts = [*whole, *_parts(head.text, last.first)]
        return SortedDocument(
            before=head,
            pieces_before=self._pieces(head.text, parts, 0),
            pieces_behind=self._pieces(tail.text, tail.parts, len(head.text) + 1),
        )

    def others(self, texts: Sequence[str], check: Callable[[], None] = lambda: None) -> list[SortedText]:
        """Each text sorted, as far as they fit, the first ones first. `check` is called before each that is new."""
        found: list[SortedText] = []
        room = self._limit_bytes // 2
        for text in texts:
            known = self._texts.get((hash(text), len(text)))
            if known is None:
                check()
            sorted_text = self._kept(
                (hash(text), len(text)), lambda text=text: sort_text(comparable(_bytes(text)).text)
            )
            room -= sorted_text.size_bytes
            if room < 0:
                break
            found.append(sorted_text)
        return found

    def _compared(self, name: str, source: str, *, starts_line: bool, columns: int) -> _Compared:
        """While a line is typed, what stands before and behind it stays."""
        known = self._latest.get(name)
        if known is None or known.columns_above != columns or known.source != source:
            found = comparable(_bytes(source), starts_line=starts_line, columns=columns)
            known = _Compared(
                source=source,
                columns_above=columns,
                text=found.text,
                columns=found.columns,
                parts=tuple(_parts(found.text, 0)),
            )
            self._latest[name] = known
        return known

    def _pieces(self, text: bytes, parts: Sequence[_Part], start: int) -> tuple[Piece, ...]:
        pieces: list[Piece] = []
        for part in parts:
            sorted_text = self._kept(
                part.key, lambda part=part: sort_text(text[part.first : part.end], _before(text, part.first))
            )
            pieces.append(Piece(text=sorted_text, start=start + part.first))
        return tuple(pieces)

    def _kept(self, key: tuple[int, int], make: Callable[[], SortedText]) -> SortedText:
        found = self._texts.pop(key, None)
        if found is None:
            found = make()
            self.used_bytes += found.size_bytes
        self._texts[key] = found
        while self.used_bytes > self._limit_bytes and len(self._texts) > 1:
            self.used_bytes -= self._texts.popitem(last=False)[1].size_bytes
        return found


def _parts(text: bytes, start: int) -> Iterator[_Part]:
    """How a comparable text is cut from `start` on, where it was cut before."""
    for first, end in cut(text[start:]):
        first, end = start + first, start + end
        yield _Part(first=first, end=end, key=(hash((_before(text, first), text[first:end])), end - first))


def _before(text: bytes, place: int) -> bytes:
    return text[max(0, place - LONGEST) : place]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
