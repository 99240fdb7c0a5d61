"""The KV caches that are kept between requests: a slot for each document, as llama.cpp's server has them.

A prompt reuses the longest prefix that it shares with its slot; one that it shares with another slot is copied.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Generic, TypeVar

from ..errors import MustWait

if TYPE_CHECKING:
    import torch

    from ..backends.interface import AsyncDecoding, Backend, KVCache

KV = TypeVar("KV", bound="KVCache")

_FIRST_CAPACITY_TOKENS = 256
_WORTH_A_COPY_TOKENS = 16


@dataclass(slots=True, eq=False)
class KVSlot(Generic[KV]):
    """The KV cache of one sequence. `ids`: the tokens whose keys and values are in it, no more and no fewer. `holders`:
    how many requests are under way with it, for which it is never given up."""

    kv: KV
    ids: list[int] = field(default_factory=list)
    holders: int = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody gives it up meanwhile."""
        self.holders += 1
        try:
            yield
        finally:
            self.holders -= 1

    def rewind(self, length: int) -> None:
        """Forgets all but the first `length` tokens, and whatever an interrupted pass wrote behind them."""
        del self.ids[length:]
        self.kv.rewind(length)


class KVSlots(Generic[KV]):
    """The slots of one backend. Where they would exceed `limit_bytes`, the least recently used are given up.

    A slot that is held always has room: a model that was loaded answers, whatever the limit says. Where others are
    held, one that begins waits instead.
    """

    def __init__(self, backend: Backend[KV], *, limit_bytes: int) -> None:
        self._backend = backend
        self.limit_bytes = limit_bytes
        self._slots: dict[Hashable, KVSlot[KV]] = {}  # the least recently used first

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def used_bytes(self) -> int:
        return sum(slot.kv.bytes for slot in self._slots.values())

    def reusable_tokens(self, ids: Sequence[int]) -> int:
        """How many tokens of a prompt need no computing. The last one always does: its logits are wanted."""
        return max((common_prefix(slot.ids, ids) for slot in self._slots.values()), default=0)

    def take(self, key: Hashable, ids: Sequence[int]) -> KVSlot[KV]:
        """The slot of `key`, holding as much of `ids` as any slot has, and nothing else. Raises `MustWait`."""
        own = self._slots.pop(key, None)
        reused = common_prefix(own.ids, ids) if own else 0
        best, shared = self._most_alike(ids) if len(ids) > reused + _WORTH_A_COPY_TOKENS else (None, 0)
        if own is None:
            self._make_room(len(ids))
            own = KVSlot(self._backend.new_kv(self._capacity(len(ids))))
        self._slots[key] = own  # as the most recently used
        own.rewind(reused)
        if best is not None and shared >= reused + _WORTH_A_COPY_TOKENS:
            self.reserve(own, shared)
            own.kv.copy_from(best.kv, shared)
            own.ids = best.ids[:shared]
        return own

    def _most_alike(self, ids: Sequence[int]) -> tuple[KVSlot[KV] | None, int]:
        """The slot that shares the most tokens with the head of a prompt, and how many."""
        best, most = None, 0
        for slot in self._slots.values():
            shared = common_prefix(slot.ids, ids)
            if shared > most:
                best, most = slot, shared
        return best, most

    def reserve(self, slot: KVSlot[KV], tokens: int) -> None:
        """Gives a slot room for `tokens` in all; what it holds is kept. Other slots are given up for it. Raises
        `MustWait`."""
        if tokens > slot.kv.capacity_tokens:
            self._make_room(tokens, slot)
            larger = self._backend.new_kv(self._capacity(tokens))
            larger.copy_from(slot.kv, len(slot.ids))
            slot.kv = larger

    def compute(self, slot: KVSlot[KV], ids: list[int], cancel: Event, *, logits: int = 1) -> torch.Tensor:
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

    def launch(self, slot: KVSlot[KV], decoding: AsyncDecoding[KV]) -> None:
        """Has the device append the token that it chose last, which is not known here yet."""
        length = len(slot.ids)
        try:
            self.reserve(slot, length + 1)
            decoding.launch(slot.kv)
        except BaseException:
            slot.rewind(length)
            raise

    def drop(self, *, keep: KVSlot[KV] | None = None) -> int:
        """Gives up all slots but one and those that are held; returns how many."""
        before = len(self._slots)
        self._slots = {key: slot for key, slot in self._slots.items() if slot is keep or slot.holders}
        return before - len(self._slots)

    def clear(self) -> None:
        """Gives up all slots."""
        self._slots.clear()

    def others_are_held(self, slot: KVSlot[KV] | None = None) -> bool:
        return any(other.holders for other in self._slots.values() if other is not slot)

    def forget(self, key: Hashable) -> None:
        """Gives up the slot of `key`, if there is one."""
        self._slots.pop(key, None)

    def _make_room(self, tokens: int, growing: KVSlot[KV] | None = None) -> None:
        """Gives up slots, the least recently used first, until so many tokens fit: in a new slot, or in one that grows
        and whose present KV cache is given back. Raises `MustWait` where they fit once others are not held any more."""
        needed = self._backend.kv_bytes_per_token * self._capacity(tokens)
        if growing is not None:
            needed -= growing.kv.bytes
        kept = sum(slot.kv.bytes for slot in self._slots.values() if slot is growing or slot.holders)
        begins = growing is None or not growing.holders
        if begins and kept + needed > self.limit_bytes and self.others_are_held(growing):
            raise MustWait
        for key, slot in list(self._slots.items()):
            if self.used_bytes + needed <= self.limit_bytes:
                break
            if slot is not growing and not slot.holders:
                del self._slots[key]

    def _capacity(self, tokens: int) -> int:
        return capacity_tokens(tokens, self._backend.context_tokens)


def capacity_tokens(tokens: int, context_tokens: int) -> int:
    """The capacity of a KV cache for so many tokens: a power of two, so that it seldom grows, and a device's graphs are
    recorded for few sizes; never more than the model's context."""
    capacity = _FIRST_CAPACITY_TOKENS
    while capacity < tokens:
        capacity *= 2
    return min(capacity, context_tokens)


def common_prefix(known: Sequence[int], wanted: Sequence[int]) -> int:
    """How many tokens two sequences share at their head; never the last one of `wanted`."""
    length = 0
    limit = max(0, min(len(known), len(wanted) - 1))
    while length < limit:  # bisection: comparing slices is many times as fast as comparing tokens one by one
        middle = (length + limit + 1) // 2
        if known[length:middle] == wanted[length:middle]:
            length = middle
        else:
            limit = middle - 1
    return length
