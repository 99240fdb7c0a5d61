"""Which of a server's sequences, with its KV cache, serves which document."""

from __future__ import annotations

from collections.abc import Sequence

from ...decoding.slots import common_prefix


class SequenceMap:
    """Sequences 0 to `count` - 1 of one server. A document keeps the one it has until more documents are asked for
    than there are; then the least recently used gives up its own."""

    def __init__(self, count: int) -> None:
        self._of_key: dict[str, int] = {}  # the least recently used first
        self._ids: list[Sequence[int]] = [()] * count  # what each has computed last, of a prompt at least

    def take(self, key: str, ids: Sequence[int]) -> int:
        """The one to compute a prompt of a document. Of those without a document, the one that has most of it."""
        slot = self._of_key.pop(key, None)
        if slot is None:
            taken = set(self._of_key.values())
            free = [each for each in range(len(self._ids)) if each not in taken]
            slot = max(free, key=lambda each: common_prefix(self._ids[each], ids)) if free else self._give_up()
        self._of_key[key] = slot
        self._ids[slot] = list(ids)
        return slot

    def forget(self, key: str) -> None:
        self._of_key.pop(key, None)

    def _give_up(self) -> int:
        oldest = next(iter(self._of_key))
        return self._of_key.pop(oldest)
