"""What text has been seen before: the guard against copies, among training texts and from held-out ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

# Shorter lines (`return None`, `else:`) are in every file and prove nothing.
_TELLING_CHARACTERS = 12
# So many telling lines in a row are no coincidence.
_PASSAGE_LINES = 6
_HELD_OUT_SHARE = 0.35
_SEEN_SHARE = 0.6


class Overlap:
    """An index of the held-out texts and of every text admitted so far."""

    def __init__(self, held_out: Iterable[str]) -> None:
        self._passages: set[int] = set()
        self._held_out_lines: set[int] = set()
        self._seen_lines: set[int] = set()
        self._seen_texts: set[bytes] = set()
        for text in held_out:
            lines = _telling_lines(text)
            self._passages.update(_passages(lines))
            self._held_out_lines.update(lines)

    def admit(self, text: str) -> bool:
        """Whether the text is new; if so, it counts as seen from now on.

        Refused are: no telling line, the same text but for white space, mostly lines of one's predecessors, a passage
        of a held-out text or many of their lines.
        """
        digest = hashlib.blake2b("".join(text.split()).encode(), digest_size=16).digest()
        lines = _telling_lines(text)
        different = set(lines)
        if (
            not different
            or digest in self._seen_texts
            or not self._passages.isdisjoint(_passages(lines))
            or len(different & self._held_out_lines) > _HELD_OUT_SHARE * len(different)
            or len(different & self._seen_lines) > _SEEN_SHARE * len(different)
        ):
            return False
        self._seen_texts.add(digest)
        self._seen_lines |= different
        return True


def _telling_lines(text: str) -> list[int]:
    return [hash(line) for line in map(str.strip, text.split("\n")) if len(line) >= _TELLING_CHARACTERS]


def _passages(lines: list[int]) -> set[int]:
    return {hash(tuple(lines[n : n + _PASSAGE_LINES])) for n in range(len(lines) - _PASSAGE_LINES + 1)}
