"""Which of a server's sequences, with its KV cache, serves which document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ...decoding.slots import common_prefix
from ...errors import MustWait


class SequenceMap:
    """Sequences 0 to `count` - 1 of one server. A document keeps the one it has until more documents are asked for
    than there are; then the least recently used gives up its own, unless a request is under way with it."""

    def __init__(self, count: int) -> None:
        self._of_key: dict[str, int] = {}  # the least recently used first
        self._ids: list[Sequence[int]] = [()] * count  # what each has computed, of a prompt at least
        self._held: Counter[int] = Counter()

    @property
    def are_held(self) -> bool:
        return bool(self._held)

    def take(self, key: str, ids: Sequence[int]) -> int:
        """The one to compute a prompt of a document. Of those without a document, the one that has most of it. Raises
        `MustWait` where requests are under way with all."""
        slot = self._of_key.get(key)
        if slot is None:
            taken = {*self._of_key.values(), *self._held}
            free = [each for each in range(len(self._ids)) if each not in taken]
            slot = max(free, key=lambda each: common_prefix(self._ids[each], ids)) if free else self._give_up()
        self._of_key.pop(key, None)
        self._of_key[key] = slot
        return slot

    def computed(self, slot: int, ids: Sequence[int]) -> int:
        """How many tokens of a prompt a sequence has computed; never the last one."""
        return common_prefix(self._ids[slot], ids)

    def note(self, slot: int, ids: Sequence[int]) -> None:
        """Notes that a sequence has computed these tokens, and no others."""
        self._ids[slot] = ids

    @contextmanager
    def held(self, slot: int) -> Iterator[None]:
        """A request is under way with it."""
        self._held[slot] += 1
        try:
            yield
        finally:
            self._held -= Counter([slot])

    def forget(self, key: str) -> None:
        self._of_key.pop(key, None)

    def _give_up(self) -> int:
        for key, slot in self._of_key.items():
            if slot not in self._held:
                del self._of_key[key]
                return slot
        raise MustWait
