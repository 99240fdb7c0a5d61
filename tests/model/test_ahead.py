"""A device that is a step ahead of the host writes what the plain loop writes, and leaves a KV cache that is exact.

The device is a CPU that notes what the host asks of it, in order.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from fake_recorder import FakeRecorder, save_network
from seekline import model
from seekline.model.llama.backend import LlamaBackend
from seekline.model.llama.network import Llama
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
    """The same network behind two engines, of which only one's device runs ahead."""

    network: Llama
    clock: Clock
    recorder: FakeRecorder = field(default_factory=FakeRecorder)

    def __post_init__(self) -> None:
        self.ahead, self.plain = self.engine(self.recorder), self.engine(None)

    def engine(self, recorder: FakeRecorder | None) -> model.Engine[Any]:
        backend = LlamaBackend(
            self.network, context_tokens=CONTEXT_TOKENS, vocabulary_size=VOCABULARY, recorder=recorder
        )
        room = 2 * CONTEXT_TOKENS * backend.kv_bytes_per_token
        return model.Engine(backend, chunk_tokens=64, kv_limit_bytes=room)

    def both(self, ids: list[int], *, late_after: int = 1 << 30, **request: Any) -> list[int]:
        """What both write."""
        written = []
        for engine in (self.plain, self.ahead):
            self.clock.looks = late_after
            written.append(consume(engine, ids, **request))
            check_exact(engine)
        assert written[0] == written[1]
        return written[0]


@pytest.fixture(params=[4, 2, 1], ids=["mha", "gqa", "mqa"])
def pair(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    clock = Clock()
    monkeypatch.setattr("seekline.model.engine.monotonic", clock)
    shape = {"num_key_value_heads": request.param, "max_position_embeddings": CONTEXT_TOKENS}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield Pair(save_network(tmp_path, **shape), clock)
    torch.set_num_threads(threads)


def consume(
    engine: model.Engine[Any],
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


def check_exact(engine: model.Engine[Any]) -> None:
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


def test_random_requests(pair: Pair) -> None:
    """Stops, cancels, deadlines, readers that leave, and prompts at the borders of buckets and of the context."""
    chance = random.Random(0)
    ids = list(PROMPT)
    for _ in range(40):
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
    assert pair.recorder.count("fetch") > 200
    assert pair.ahead.statistics == pair.plain.statistics


def test_the_next_step_is_launched_before_a_token_is_read(pair: Pair) -> None:
    list(pair.ahead.generate(PROMPT, max_new_tokens=6, cancel=Event()))
    happened = [what for what in pair.recorder.log if what in ("step", "read")]
    assert happened == ["step", "read"] * 5 + ["read"], "the last token is read, and nobody asks for one after it"


def test_a_stop_token_costs_one_step(pair: Pair) -> None:
    written = pair.both(PROMPT, max_new_tokens=8)
    first = next(n for n, token in enumerate(written) if token not in written[:n] and n >= 3)
    pair.recorder.log.clear()
    assert pair.both(PROMPT, max_new_tokens=8, stop_ids={written[first]}) == written[:first]
    log = pair.recorder.log[pair.recorder.log.index("fetch") :]  # what is before belongs to the prompt
    assert log.count("step") == first + 1


def test_nothing_is_launched_after_a_cancel(pair: Pair) -> None:
    cancel = Event()
    tokens = pair.ahead.generate(PROMPT, max_new_tokens=8, cancel=cancel)
    next(tokens)
    cancel.set()
    launched = pair.recorder.count("step")
    with pytest.raises(model.Cancelled):
        next(tokens)
    assert pair.recorder.count("step") == launched == 1
    check_exact(pair.ahead)


def test_an_old_iterator_that_ends_late_changes_nothing(pair: Pair) -> None:
    """As when the garbage collector comes upon it in the middle of a newer request of the same document."""
    old = pair.ahead.generate(PROMPT, max_new_tokens=8, cancel=Event())
    next(old)
    new = pair.ahead.generate([*PROMPT, 7, 8], max_new_tokens=6, cancel=Event(), stop_ids={5})
    written = [next(new), next(new)]
    with pytest.raises(model.Cancelled):
        next(old)
    written += new
    assert written == consume(pair.plain, [*PROMPT, 7, 8], max_new_tokens=6, stop_ids={5})
    check_exact(pair.ahead)


def test_what_has_another_say_in_a_token_is_decoded_step_by_step(llama_folder: Path, pair: Pair) -> None:
    index = model.VocabularyIndex.of(model.Tokenizer(llama_folder))
    requests: list[dict[str, Any]] = [
        {"guide": model.Guide(must_start=b"def").start(index)},
        {"sampling": model.Sampling(temperature=1.0)},
        {"lookup": model.PromptLookup(PROMPT)},
    ]
    pair.ahead._width = model.Width({0: 1.0, 3: 1.2})
    for request in requests:
        list(pair.ahead.generate(PROMPT, max_new_tokens=4, cancel=Event(), **request))
    assert pair.recorder.count("fetch") == 0
    assert pair.recorder.count("step") > 0


def test_what_cannot_be_recorded_runs_ahead_as_well(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    pair.recorder.failures = [RuntimeError("operation not permitted when stream is capturing")]
    pair.both([*PROMPT] * 8, max_new_tokens=20)
    assert caplog.text.count("not recorded") == 1
    assert set(pair.recorder.log) == {"fetch", "read"}


def test_a_full_device_gives_up_the_other_sequences_and_goes_on(pair: Pair) -> None:
    consume(pair.ahead, [5, 6, 7], max_new_tokens=2, key="other")
    pair.recorder.failures = [torch.OutOfMemoryError("CUDA out of memory")]
    pair.both(PROMPT, max_new_tokens=6, key="this")
    assert len(pair.ahead._slots) == 1


def test_a_device_that_stays_full_leaves_the_cache_exact(pair: Pair) -> None:
    pair.recorder.failures = [torch.OutOfMemoryError("CUDA out of memory")]
    with pytest.raises(model.OutOfMemory):
        consume(pair.ahead, PROMPT, max_new_tokens=6)
    check_exact(pair.ahead)
    pair.both(PROMPT, max_new_tokens=6)


def test_a_device_that_fails_leaves_the_cache_exact(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> int:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    backend: Any = pair.ahead._backend
    monkeypatch.setattr(backend._steps, "fetch", lambda _: fail)
    tokens = pair.ahead.generate(PROMPT, max_new_tokens=6, cancel=Event())
    with pytest.raises(RuntimeError, match="illegal"):
        next(tokens)
    check_exact(pair.ahead)
