"""Texts that cross once, and are named by a number from then on: other files are the same from key to key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

from ...decoding.copying.copy_texts import CopyTexts
from .messages import KnownTexts, Texts

MAX_CHARACTERS = 4_000_000
"""Of all texts that an editor may name: four times as many as one request has."""


def in_unicode(text: str) -> str:
    """The same, but for halves of surrogate pairs, which JSON can carry and UTF-8 cannot: they become U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class SentTexts:
    """The editor's side: which texts the engine has. The engine forgets one when it is told so."""

    def __init__(self, limit: int = MAX_CHARACTERS) -> None:
        self._limit = limit
        self._characters = 0
        self._numbers: dict[str, int] = {}  # the least recently named first
        self._next = count()

    def name(self, copies: CopyTexts) -> tuple[Texts | None, KnownTexts]:
        """`copies` as the engine understands them, and what it has to be told before, if anything."""
        new: dict[int, str] = {}
        numbers: list[int] = []
        for text in copies.others:
            number = self._numbers.pop(text, None)
            if number is None:
                number = next(self._next)
                new[number] = in_unicode(text)
                self._characters += len(text)
            self._numbers[text] = number
            numbers.append(number)
        dropped = self._drop(len(set(numbers)))
        before, after = in_unicode(copies.before), in_unicode(copies.after)
        known = KnownTexts(before=before, after=after, others=tuple(numbers))
        return (Texts(new=new, dropped=dropped) if new or dropped else None), known

    def _drop(self, used: int) -> tuple[int, ...]:
        """Gives up texts until the others are few enough; the last `used` ones are needed now."""
        dropped: list[int] = []
        for text in list(self._numbers)[: len(self._numbers) - used]:
            if self._characters <= self._limit:
                break
            dropped.append(self._numbers.pop(text))
            self._characters -= len(text)
        return tuple(dropped)


class KeptTexts:
    """The engine's side, for one editor."""

    def __init__(self, limit: int = 2 * MAX_CHARACTERS) -> None:
        self._limit = limit
        self._texts: dict[int, str] = {}

    def take(self, texts: Texts) -> None:
        """Raises ValueError where they are too many, or unknown ones are dropped."""
        self._texts.update(texts.new)
        for number in texts.dropped:
            if self._texts.pop(number, None) is None:
                raise ValueError(f"there is no text {number}")
        if sum(map(len, self._texts.values())) > self._limit:
            raise ValueError("there are too many texts")

    def resolve(self, known: KnownTexts) -> CopyTexts:
        """Raises ValueError where a text was never sent."""
        return CopyTexts(before=known.before, after=known.after, others=_named(self._texts, known.others))


def _named(texts: Mapping[int, str], numbers: Sequence[int]) -> tuple[str, ...]:
    try:
        return tuple(texts[number] for number in numbers)
    except KeyError as error:
        raise ValueError(f"there is no text {error}") from error
