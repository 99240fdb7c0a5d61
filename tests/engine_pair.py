"""The same network behind two engines, of which one's device runs ahead of the host: both must write the same."""

from __future__ import annotations

import random
from dataclasses import dataclass
from threading import Event
from typing import Any

import torch
from seekline import model
from seekline.model.backends.llama.backend import LlamaBackend
from seekline.model.backends.llama.steps import Recorder
from seekline.model.backends.llama.torch_forward import TorchLlama
from tiny_models import VOCABULARY

CONTEXT_TOKENS = 1024
PROMPT = [0, *range(10, 40)]


@dataclass
class Clock:
    """Is late once it has been looked at `looks` times."""

    looks: int = 1 << 30

    def __call__(self) -> float:
        self.looks -= 1
        return float(self.looks < 0)


@dataclass
class Pair:
    """`clock` is what the engines take for the time."""

    network: TorchLlama
    recorder: Recorder
    clock: Clock

    def __post_init__(self) -> None:
        self.asynchronous, self.plain = self.engine(self.recorder), self.engine(None)

    def engine(
        self, recorder: Recorder | None, *, draft_length: model.DraftLength | None = None
    ) -> model.EngineCore[Any]:
        backend = LlamaBackend(
            self.network, context_tokens=CONTEXT_TOKENS, vocabulary_size=VOCABULARY, recorder=recorder
        )
        room = 2 * CONTEXT_TOKENS * backend.kv_bytes_per_token
        return model.EngineCore(backend, chunk_tokens=64, kv_limit_bytes=room, draft_length=draft_length)

    def both(self, ids: list[int], *, late_after: int = 1 << 30, **request: Any) -> list[int]:
        """What both write."""
        written = []
        for engine in (self.plain, self.asynchronous):
            self.clock.looks = late_after
            written.append(consume(engine, ids, **request))
            check_exact(engine)
        assert written[0] == written[1]
        return written[0]


def consume(
    engine: model.EngineCore[Any],
    ids: list[int],
    *,
    cancel_after: int | None = None,
    leave_after: int | None = None,
    **request: Any,
) -> list[int]:
    """What is written until the end, until a cancel or until the reader leaves, so many tokens later."""
    cancel, written = Event(), list[int]()
    if cancel_after == 0:
        cancel.set()
    tokens = engine.generate(ids, cancel=cancel, deadline_s=1, **request)
    try:
        for token in tokens:
            written.append(token)
            if len(written) == leave_after:
                break
            if len(written) == cancel_after:
                cancel.set()
    except model.Cancelled:
        written.append(-1)
    return written


def check_exact(engine: model.EngineCore[Any]) -> None:
    """The KV of every slot is that of its ids, computed at once from scratch."""
    backend: Any = engine._backend
    plain = LlamaBackend(backend._network, context_tokens=CONTEXT_TOKENS, vocabulary_size=VOCABULARY)
    for slot in engine._slots._slots.values():
        count = len(slot.ids)
        assert slot.kv.length == count
        if count:
            kv = plain.new_kv(count)
            plain.forward(slot.ids, kv, Event())
            assert torch.allclose(slot.kv.buffer[:, :, :, :count], kv.buffer, atol=1e-2, rtol=1e-3)


def check_random_requests(pair: Pair, requests: int) -> None:
    """Stops, cancels, deadlines, readers that leave, and prompts at the borders of buckets and of the context."""
    chance = random.Random(0)
    ids = list(PROMPT)
    for _ in range(requests):
        length = chance.choice([1, 2, 64, 100, 249, 255, 256, 257, 500, 512, 1000, 1022, 1023])
        kept = ids[: chance.randrange(len(ids) + 1)][:length]
        ids = kept + [chance.randrange(6, VOCABULARY) for _ in range(length - len(kept))]
        request: dict[str, Any] = {"max_new_tokens": chance.choice([1, 2, 12]), "key": chance.choice("ab")}
        written = pair.both(ids, **request)
        match chance.randrange(4):
            case 0:
                pair.both(ids, stop_ids={chance.choice(written), 3}, **request)
            case 1:
                pair.both(ids, cancel_after=chance.randrange(5), **request)
            case 2:
                pair.both(ids, late_after=chance.randrange(20), **request)
            case _:
                pair.both(ids, leave_after=chance.randrange(1, 5), **request)
    assert pair.asynchronous.statistics == pair.plain.statistics
