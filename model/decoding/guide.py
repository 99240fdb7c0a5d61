"""Guided decoding: which tokens may come next, where the text has to start in a certain way.

Three reasons for that. Token healing (Lundberg, "The Art of Prompt Design: Prompt Boundaries and Token Healing", 2023):
the prompt was cut back by a token or more, and the model spells those bytes again with tokens of its own choice. And
names that exist (Agrawal et al., "Monitor-Guided Decoding", NeurIPS 2023, arXiv:2306.10763): after those bytes one of
the given names follows, and then the text is free.

And texts that are wanted beside others: each has to differ from those from its first word on.

It works on bytes, by a `VocabularyIndex`; it knows no logits, which `sampling` restricts to the allowed ids.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from .vocabulary_index import VocabularyIndex, byte_ranges

if TYPE_CHECKING:
    import numpy

# Every byte of a character beyond ASCII counts, as most languages allow letters of all scripts in a name.
IDENTIFIER_BYTES = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_$") | set(
    range(0x80, 0x100)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """How a text has to start: with `must_start`, then with one of `names`. None for `names` leaves the rest free.
    What comes behind `must_start` agrees with none of the texts `unlike`, but for the blanks that they start with; none
    of them is blank, nor has a name blanks beside them.

    A name ends where no byte of `identifier_bytes` follows, so `get` is no start of `getter` unless `getter` is a name
    too. An empty name says that nothing has to be added to the name that stands before the text. Raises ValueError
    where `names` is empty: then no text could follow.
    """

    must_start: bytes = b""
    names: frozenset[bytes] | None = None
    identifier_bytes: frozenset[int] = IDENTIFIER_BYTES
    unlike: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.names is not None and not self.names:
            raise ValueError("a guide without any name allows no text; None stands for no restriction")

    def start(self, index: VocabularyIndex) -> GuideState:
        """The state before the first token of the text."""
        return GuideState(
            index=index,
            identifier_bytes=self.identifier_bytes,
            must_start=self.must_start,
            names=None if self.names is None else tuple(sorted(self.names)),
            unlike=self.unlike,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideState:
    """What a guide still asks for after some tokens. Immutable: to go back is to use an older state.

    `must_start`: the bytes that have to come next. `names`: what is left of the names that may follow those; None where
    any text may. They are sorted, so that those with a common start stand side by side, as below a node of a trie.
    `unlike`: what is left of the texts to differ from, where blanks are all that was written so far.
    """

    index: VocabularyIndex
    identifier_bytes: frozenset[int]
    must_start: bytes
    names: tuple[bytes, ...] | None
    unlike: tuple[bytes, ...] = ()

    @property
    def free(self) -> bool:
        """Whether every token is allowed, now and from here on."""
        return not self.must_start and self.names is None and not self.unlike

    def allowed_ids(self) -> numpy.ndarray | None:
        """The ids that may come next, each once, in no particular order: shape (ids,), int64. None allows all.

        It is empty only where the vocabulary cannot spell the bytes; one with all single bytes spells everything.
        """
        if self.free:
            return None
        ids = self.index.ids(self._allowed_ranges())
        if self.unlike:
            ids = self._without_agreeing(ids)
        return self.index.with_end_ids(ids) if self._may_end else ids

    def allows(self, id: int) -> bool:
        return self._after(id) is not None

    def advance(self, id: int) -> GuideState:
        """The state after one more token. Raises ValueError where it is not allowed."""
        state = self._after(id)
        if state is None:
            raise ValueError(f"the guide does not allow token {id}, {self.index.bytes_of(id)!r}")
        return state

    def along(self, ids: Iterable[int]) -> list[GuideState]:
        """The state after each token of a draft, up to the first one that is not allowed."""
        states: list[GuideState] = []
        state: GuideState | None = self
        for id in ids:
            state = state._after(id)
            if state is None:
                break
            states.append(state)
        return states

    def forced_bytes(self) -> bytes:
        """The bytes that come next whatever is chosen. How the model cuts them into tokens is up to the model."""
        return self.must_start + (_common_start(self.names[0], self.names[-1]) if self.names else b"")

    @property
    def _may_end(self) -> bool:
        """Whether a whole name is written, which is a place for the text to end."""
        return not self.must_start and self.names is not None and self.names[0] == b""

    def _allowed_ranges(self) -> Iterator[range]:
        if self.names is None:
            yield from self.index.prefixes_of(self.must_start)
            yield self.index.starting_with(self.must_start)
            return
        boundary = _boundary(self.identifier_bytes)
        texts = [self.must_start + name for name in self.names]
        yield from self.index.prefixes_of(*texts)
        for text in texts:
            yield from self.index.continuing(text, boundary)

    def _without_agreeing(self, ids: numpy.ndarray) -> numpy.ndarray:
        """`ids` without those by which the text would agree with one that it has to differ from."""
        import numpy

        agreeing = self.index.ids(self.index.prefixes_of(*[self.must_start + text for text in self.unlike])).tolist()
        refused = [id for id in agreeing if self._still_unlike(self.index.bytes_of(id)) is None]
        return ids[~numpy.isin(ids, refused)]

    def _still_unlike(self, written: bytes) -> tuple[bytes, ...] | None:
        """`unlike` after `must_start` and more, of which `written` is the next part; None where it agrees."""
        text = written[len(self.must_start) :]
        rests: list[bytes] = []
        for other in self.unlike:
            if other.startswith(text):
                if text.strip():
                    return None
                rests.append(other[len(text) :])
        return tuple(rests)

    def _after(self, id: int) -> GuideState | None:
        """The state after one more token; None where it is not allowed."""
        if self.free:
            return self
        written = self.index.bytes_of(id)
        if not written:
            return self if self._may_end and self.index.ends_text(id) else None
        unlike = self._still_unlike(written)
        if unlike is None:
            return None
        if len(written) < len(self.must_start):
            spells = self.must_start.startswith(written)
            return self._with(self.must_start[len(written) :], self.names, unlike) if spells else None
        if not written.startswith(self.must_start):
            return None
        return self._after_bytes(written[len(self.must_start) :], unlike)

    def _after_bytes(self, written: bytes, unlike: tuple[bytes, ...]) -> GuideState | None:
        """The state after `must_start` and then `written`; None where that starts no allowed text."""
        if self.names is None:
            return self._with(b"", None, unlike)
        for length, byte in enumerate(written):
            if byte not in self.identifier_bytes and _has(self.names, written[:length]):
                return self._with(b"", None, unlike)
        rests = _rests(self.names, written)
        return self._with(b"", rests, unlike) if rests else None

    def _with(self, must_start: bytes, names: tuple[bytes, ...] | None, unlike: tuple[bytes, ...]) -> GuideState:
        return GuideState(
            index=self.index,
            identifier_bytes=self.identifier_bytes,
            must_start=must_start,
            names=names,
            unlike=unlike,
        )


@lru_cache(16)
def _boundary(identifier_bytes: frozenset[int]) -> tuple[range, ...]:
    """The byte values that may follow a whole name."""
    return byte_ranges(set(range(0x100)) - identifier_bytes)


def _common_start(first: bytes, last: bytes) -> bytes:
    """What the first and the last of sorted names start with, and so all between them."""
    length = 0
    while length < min(len(first), len(last)) and first[length] == last[length]:
        length += 1
    return first[:length]


def _has(names: tuple[bytes, ...], name: bytes) -> bool:
    position = bisect_left(names, name)
    return position < len(names) and names[position] == name


def _rests(names: tuple[bytes, ...], written: bytes) -> tuple[bytes, ...]:
    """What is left of the sorted `names` that start with `written`."""
    rests: list[bytes] = []
    for position in range(bisect_left(names, written), len(names)):
        if not names[position].startswith(written):
            break
        rests.append(names[position][len(written) :])
    return tuple(rests)
