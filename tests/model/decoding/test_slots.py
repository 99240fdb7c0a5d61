"""The KV of several documents: what is reused, copied and given up, and that nothing is left behind."""

from __future__ import annotations

import gc
import random
from collections.abc import Sequence
from contextlib import suppress
from threading import Event
from weakref import WeakSet

import torch
from seekline import model
from seekline.model.decoding.slots import KVSlots, common_prefix

VOCABULARY = 20
CONTEXT = 1024


class Copied:
    """A sequence that counts what it is given."""

    alive: WeakSet[Copied] = WeakSet()

    def __init__(self, capacity_tokens: int) -> None:
        self.capacity_tokens = capacity_tokens
        self.bytes = capacity_tokens
        self.ids: list[int] = []
        self.copied = 0
        Copied.alive.add(self)

    def rewind(self, length: int) -> None:
        del self.ids[length:]

    def copy_from(self, other: Copied, length: int) -> None:
        self.ids = other.ids[:length]
        self.copied += length


class CopyingBackend:
    """Predicts the last token but one of a sequence."""

    context_tokens = CONTEXT
    device = "cpu"
    kv_bytes_per_token = 1

    def new_kv(self, capacity_tokens: int) -> Copied:
        return Copied(capacity_tokens)

    def forward(self, ids: Sequence[int], kv: Copied, cancel: Event, *, logits: int = 1) -> torch.Tensor:
        for id in ids:
            if cancel.is_set():
                raise model.Cancelled
            kv.ids.append(id)
        assert len(kv.ids) <= kv.capacity_tokens
        rows = torch.zeros(logits, VOCABULARY)
        for row, end in enumerate(range(len(kv.ids) - logits, len(kv.ids))):
            rows[row, kv.ids[max(0, end - 1)]] = 1
        return rows


def computed(slots: KVSlots[Copied], key: str, ids: list[int]) -> int:
    """Takes a slot and computes the rest, as the engine does; returns how much was left."""
    slot = slots.take(key, ids)
    left = ids[len(slot.ids) :]
    slots.reserve(slot, len(ids))
    CopyingBackend().forward(left, slot.kv, Event())
    slot.ids += left
    assert slot.ids == slot.kv.ids == ids
    return len(left)


def test_each_document_keeps_its_own() -> None:
    slots = KVSlots(CopyingBackend(), limit_bytes=10_000)
    first, second = [1] * 100, [2] * 100
    assert computed(slots, "a", first) == 100
    assert computed(slots, "b", second) == 100
    assert computed(slots, "a", [*first, 3]) == 1
    assert computed(slots, "b", [*second[:90], 3]) == 1


def test_a_shared_head_is_copied_and_the_other_document_keeps_all_of_it() -> None:
    slots = KVSlots(CopyingBackend(), limit_bytes=10_000)
    head = [1] * 300
    assert computed(slots, "a", [*head, 2, 2]) == 302
    assert computed(slots, "b", [*head, 3, 3]) == 2
    assert computed(slots, "a", [*head, 2, 2]) == 1, "only the last token, whose logits are wanted"


def test_the_least_recently_used_goes_when_the_room_is_full() -> None:
    slots = KVSlots(CopyingBackend(), limit_bytes=2 * 256)
    for key, id in (("a", 1), ("b", 2), ("a", 1), ("c", 3)):
        computed(slots, key, [id] * 100)
    assert len(slots) == 2
    assert slots.reusable_tokens([1] * 100) == 99
    assert slots.reusable_tokens([2] * 100) == 0


def test_there_is_room_for_one_whatever_the_limit_says() -> None:
    slots = KVSlots(CopyingBackend(), limit_bytes=0)
    assert computed(slots, "a", [1] * 600) == 600
    assert computed(slots, "a", [1] * 601) == 1


def test_the_last_token_of_a_prompt_is_never_reused() -> None:
    assert common_prefix([1, 2, 3], [1, 2, 3]) == 2
    assert common_prefix([1, 2, 3], [1, 9, 3]) == 1
    assert common_prefix([], [1]) == 0
    assert common_prefix([1], []) == 0


def test_a_document_that_was_closed_gives_its_kv_back() -> None:
    engine = model.EngineCore(CopyingBackend(), chunk_tokens=64, kv_limit_bytes=100 * 256)
    for key in range(9):
        engine.warm([1, 2, key] * 20, cancel=Event(), key=key)
    gc.collect()
    alive = len(Copied.alive)
    for key in (*range(8), 77):
        engine.forget(key)
    gc.collect()
    assert len(engine._slots) == 1
    assert len(Copied.alive) == alive - 8
    assert engine.reusable_tokens([1, 2, 8] * 20) == 59


def test_five_thousand_requests_leave_nothing_behind() -> None:
    """With edits, cancels at any place, drafts and abandoned iterators, in more documents than there is room for."""
    chance = random.Random(0)
    engine = model.EngineCore(
        CopyingBackend(), chunk_tokens=64, kv_limit_bytes=4 * 256, draft_length=model.DraftLength({0: 1.0, 3: 1.1})
    )
    texts = {key: [chance.randrange(VOCABULARY) for _ in range(150)] for key in range(9)}
    for number in range(5000):
        key = chance.randrange(9)
        text = texts[key]
        text[chance.randrange(len(text))] = chance.randrange(VOCABULARY)
        cancel = Event()
        tokens = engine.generate(text, max_new_tokens=6, cancel=cancel, key=key, lookup=model.PromptLookup(text))
        with suppress(model.Cancelled):
            for count, _ in enumerate(tokens):
                if count == chance.randrange(12):
                    cancel.set()
                if count == chance.randrange(20):
                    break
        if number % 1000 == 999:
            gc.collect()
            assert len(Copied.alive) <= 6
    assert len(engine._slots) <= 4
    assert all(slot.ids == slot.kv.ids for slot in engine._slots._slots.values())
    assert engine.statistics.reused > engine.statistics.computed / 5
