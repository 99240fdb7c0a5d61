"""A byte index of a vocabulary: which tokens agree with given bytes, in microseconds.

The tokens stand in the order of their bytes. What starts with given bytes is then one range of that order, found by
bisection, and every answer is a list of ranges: nothing looks at the tokens one by one. It knows no text and no
guide; it is built once for a model and is immutable, so threads may share it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy

    from ..tokenizer import Tokenizer


class VocabularyIndex:
    """The tokens of one vocabulary, ordered by their bytes.

    A `range` in arguments and answers counts positions in that order; `ids` turns ranges into token ids.
    """

    def __init__(self, tokens: Sequence[bytes], *, end_ids: Collection[int] = ()) -> None:
        """`tokens`: the bytes of every id. Ids that add no bytes are in no range.

        `end_ids`: the tokens that end a text.
        """
        import numpy

        spelled = [id for id, token in enumerate(tokens) if token]
        order = sorted(spelled, key=tokens.__getitem__)
        self._tokens = tuple(tokens)
        self._sorted = [tokens[id] for id in order]
        self._ids = numpy.array(order, dtype=numpy.int64)
        self._end_ids = frozenset(end_ids)
        self._parents = _parents(self._sorted)

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> VocabularyIndex:
        """The index of a model's tokenizer: its control tokens end a text."""
        tokens = [tokenizer.bytes_of(id) for id in range(tokenizer.size)]
        return cls(tokens, end_ids=tokenizer.control_ids)

    def bytes_of(self, id: int) -> bytes:
        """What one token adds to the text; nothing for control tokens and padding."""
        return self._tokens[id] if id < len(self._tokens) else b""

    def ends_text(self, id: int) -> bool:
        return id in self._end_ids

    def starting_with(self, start: bytes) -> range:
        """The tokens whose bytes start with `start`."""
        first = bisect_left(self._sorted, start)
        if first == len(self._sorted) or not self._sorted[first].startswith(start):
            return range(first, first)
        return range(first, self._find(_successor(start), range(first, len(self._sorted))))

    def prefixes_of(self, *texts: bytes) -> Iterator[range]:
        """The tokens whose bytes are a prefix of any of `texts`, or all of it; each once."""
        seen: set[int] = set()
        for text in texts:
            # All prefixes of a text stand in one line of parents: that of the last token that is not above it.
            position = bisect_right(self._sorted, text) - 1
            while position >= 0 and not text.startswith(self._sorted[position]):
                position = self._parents[position]
            while position >= 0 and position not in seen:
                seen.add(position)
                yield range(position, position + 1)
                position = self._parents[position]

    def continuing(self, start: bytes, next_bytes: Iterable[range]) -> Iterator[range]:
        """The tokens that start with `start` and a byte out of `next_bytes`, which are ranges of byte values."""
        alike = self.starting_with(start)
        if alike and len(self._sorted[alike[-1]]) > len(start):
            for values in next_bytes:
                first = self._find(_with_byte(start, values.start), alike)
                yield range(first, self._find(_with_byte(start, values.stop), alike))

    def ids(self, ranges: Iterable[range]) -> numpy.ndarray:
        """The ids in any of `ranges`, each once, in no particular order: shape (ids,), int64. The caller's own."""
        import numpy

        single: list[int] = []
        parts: list[numpy.ndarray] = []
        done = 0
        for one in sorted(ranges, key=attrgetter("start")):
            if len(one) == 1 and one.start >= done:  # nearly all are: an array for each would take most of the time
                single.append(one.start)
            elif one.stop > done:
                parts.append(self._ids[max(one.start, done) : one.stop])
            done = max(done, one.stop)
        return numpy.concatenate((self._ids[numpy.array(single, dtype=numpy.int64)], *parts))

    def with_end_ids(self, ids: numpy.ndarray) -> numpy.ndarray:
        """`ids` and those that end a text."""
        import numpy

        return numpy.concatenate((ids, numpy.array(sorted(self._end_ids), dtype=numpy.int64)))

    def _find(self, token: bytes | None, within: range) -> int:
        """The position of the first token in `within` that is not below `token`. None is above every token."""
        return within.stop if token is None else bisect_left(self._sorted, token, within.start, within.stop)


def _parents(tokens: list[bytes]) -> list[int]:
    """For each of the sorted `tokens` the position of the longest one before it that is its prefix; -1 without any."""
    parents: list[int] = []
    for token in tokens:
        parent = len(parents) - 1
        while parent >= 0 and not token.startswith(tokens[parent]):
            parent = parents[parent]
        parents.append(parent)
    return parents


def byte_ranges(values: Collection[int]) -> tuple[range, ...]:
    """The same byte values as ranges, ascending and as few as there can be."""
    ranges: list[range] = []
    for value in sorted(set(values)):
        if ranges and ranges[-1].stop == value:
            ranges[-1] = range(ranges[-1].start, value + 1)
        else:
            ranges.append(range(value, value + 1))
    return tuple(ranges)


def _successor(start: bytes) -> bytes | None:
    """The least bytes above everything that starts with `start`; None where nothing is."""
    head = start.rstrip(b"\xff")
    return head[:-1] + bytes([head[-1] + 1]) if head else None


def _with_byte(start: bytes, value: int) -> bytes | None:
    """`start` and a byte; 256 stands behind the last one."""
    return start + bytes([value]) if value < 256 else _successor(start)
