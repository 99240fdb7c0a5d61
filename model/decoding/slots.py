"""Keys and values kept between requests: a slot per document, the longest common prefix reused, a head that two prompts
share copied."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from threading import Event
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import torch

    from ..backends.backend import AsyncDecoding, Backend, KeyValues

K = TypeVar("K", bound="KeyValues")

_FIRST_CAPACITY_TOKENS = 256
_WORTH_A_COPY_TOKENS = 16


@dataclass(slots=True, eq=False)
class Slot(Generic[K]):
    """The KV of one sequence, and the ids it stands for: `ids` are exactly what is computed."""

    kv: K
    ids: list[int] = field(default_factory=list)

    def rewind(self, length: int) -> None:
        """Forgets all but the first `length` tokens, also what a broken pass left behind them."""
        del self.ids[length:]
        self.kv.rewind(length)


class Slots(Generic[K]):
    """The slots of one backend, the least recently used given up where `limit_bytes` are full.

    There is always room for one: a model that was loaded answers, whatever the limit says.
    """

    def __init__(self, backend: Backend[K], *, limit_bytes: int) -> None:
        self._backend = backend
        self.limit_bytes = limit_bytes
        self._slots: dict[Hashable, Slot[K]] = {}  # the least recently used first

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def used_bytes(self) -> int:
        return sum(slot.kv.bytes for slot in self._slots.values())

    def reusable_tokens(self, ids: Sequence[int]) -> int:
        """How many tokens of a prompt need no computing. The last one always does: its logits are wanted."""
        return max((common_prefix(slot.ids, ids) for slot in self._slots.values()), default=0)

    def take(self, key: Hashable, ids: Sequence[int]) -> Slot[K]:
        """The slot of `key`, holding as much of `ids` as any slot has, and nothing else."""
        own = self._slots.pop(key, None)
        kept = common_prefix(own.ids, ids) if own else 0
        others = self._slots.values() if len(ids) > kept + _WORTH_A_COPY_TOKENS else ()
        lengths = ((common_prefix(slot.ids, ids), slot) for slot in others)
        shared, best = max(lengths, key=itemgetter(0), default=(0, None))
        if own is None:
            self._make_room(len(ids))
            own = Slot(self._backend.new_kv(self._capacity(len(ids))))
        own.rewind(kept)
        if best is not None and shared >= kept + _WORTH_A_COPY_TOKENS:
            self.reserve(own, shared)
            own.kv.copy_from(best.kv, shared)
            own.ids = best.ids[:shared]
        self._slots[key] = own
        return own

    def reserve(self, slot: Slot[K], tokens: int) -> None:
        """Gives a slot room for `tokens` in all; what it holds is kept."""
        if tokens > slot.kv.capacity_tokens:
            larger = self._backend.new_kv(self._capacity(tokens))
            larger.copy_from(slot.kv, len(slot.ids))
            slot.kv = larger

    def compute(self, slot: Slot[K], ids: list[int], cancel: Event, *, logits: int = 1) -> torch.Tensor:
        """Appends `ids` to a sequence by one pass; see `Backend.forward`. Where it fails, the slot stays as it was."""
        length = len(slot.ids)
        try:
            self.reserve(slot, length + len(ids))
            found = self._backend.forward(ids, slot.kv, cancel, logits=logits)
        except BaseException:
            slot.rewind(length)
            raise
        slot.ids += ids
        return found

    def launch(self, slot: Slot[K], decoding: AsyncDecoding[K]) -> None:
        """Has the device append the token that it chose last, which is not known here yet."""
        length = len(slot.ids)
        try:
            self.reserve(slot, length + 1)
            decoding.launch(slot.kv)
        except BaseException:
            slot.rewind(length)
            raise

    def drop(self, *, keep: Slot[K] | None = None) -> int:
        """Gives up all slots but one; returns how many."""
        dropped = [key for key, slot in self._slots.items() if slot is not keep]
        for key in dropped:
            del self._slots[key]
        return len(dropped)

    def forget(self, key: Hashable) -> None:
        """Gives up the slot of `key`, if there is one."""
        self._slots.pop(key, None)

    def _make_room(self, tokens: int) -> None:
        wanted = self._backend.kv_bytes_per_token * self._capacity(tokens)
        while self._slots and self.used_bytes + wanted > self.limit_bytes:
            del self._slots[next(iter(self._slots))]

    def _capacity(self, tokens: int) -> int:
        """Room in powers of two: it seldom grows, and a graph of the device is made for few sizes."""
        room = _FIRST_CAPACITY_TOKENS
        while room < tokens:
            room *= 2
        return min(room, self._backend.context_tokens)


def common_prefix(known: Sequence[int], wanted: Sequence[int]) -> int:
    """How many tokens two sequences share at their head; never the last one of `wanted`."""
    length, limit = 0, max(0, min(len(known), len(wanted) - 1))
    while length < limit:  # by halves: comparing slices is many times as fast as comparing tokens
        middle = (length + limit + 1) // 2
        if known[length:middle] == wanted[length:middle]:
            length = middle
        else:
            limit = middle - 1
    return length
