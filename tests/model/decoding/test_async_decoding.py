"""A device that is a step ahead of the host writes what the plain loop writes, and leaves a KV cache that is exact.

The device is a CPU that notes what the host asks of it, in order. On a real one: test_gpu.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from engine_pair import CONTEXT_TOKENS, PROMPT, Clock, Pair, check_exact, check_random_requests, consume
from fake_recorder import FakeRecorder, save_network
from seekline import model
from seekline.model.decoding.scores import TokenScores


@pytest.fixture
def recorder() -> FakeRecorder:
    return FakeRecorder()


@pytest.fixture(params=[4, 2, 1], ids=["mha", "gqa", "mqa"])
def pair(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorder: FakeRecorder
) -> Iterator[Pair]:
    clock = Clock()
    monkeypatch.setattr("seekline.model.decoding.request.monotonic", clock)
    shape = {"num_key_value_heads": request.param, "max_position_embeddings": CONTEXT_TOKENS}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield Pair(save_network(tmp_path, **shape), recorder, clock)
    torch.set_num_threads(threads)


def test_random_requests(pair: Pair, recorder: FakeRecorder) -> None:
    check_random_requests(pair, 40)
    assert recorder.count("fetch") > 200


def test_the_next_step_is_launched_before_a_token_is_read(pair: Pair, recorder: FakeRecorder) -> None:
    list(pair.asynchronous.generate(PROMPT, max_new_tokens=6, cancel=Event()))
    happened = [what for what in recorder.log if what in ("step", "read")]
    assert happened == ["step", "read"] * 5 + ["read"], "the last token is read, and nobody asks for one after it"


def test_a_stop_token_costs_one_step(pair: Pair, recorder: FakeRecorder) -> None:
    written = pair.both(PROMPT, max_new_tokens=8)
    first = next(n for n, token in enumerate(written) if token not in written[:n] and n >= 3)
    recorder.log.clear()
    assert pair.both(PROMPT, max_new_tokens=8, stop_ids={written[first]}) == written[:first]
    log = recorder.log[recorder.log.index("fetch") :]  # what is before belongs to the prompt
    assert log.count("step") == first + 1


def test_nothing_is_launched_after_a_cancel(pair: Pair, recorder: FakeRecorder) -> None:
    cancel = Event()
    tokens = pair.asynchronous.generate(PROMPT, max_new_tokens=8, cancel=cancel)
    next(tokens)
    cancel.set()
    launched = recorder.count("step")
    with pytest.raises(model.Cancelled):
        next(tokens)
    assert recorder.count("step") == launched == 1
    check_exact(pair.asynchronous)


def test_an_old_iterator_that_ends_late_changes_nothing(pair: Pair) -> None:
    """As when the garbage collector comes upon it in the middle of a newer request of the same document."""
    old = pair.asynchronous.generate(PROMPT, max_new_tokens=8, cancel=Event())
    next(old)
    new = pair.asynchronous.generate([*PROMPT, 7, 8], max_new_tokens=6, cancel=Event(), stop_ids={5})
    written = [next(new), next(new)]
    with pytest.raises(model.Cancelled):
        next(old)
    written += new
    assert written == consume(pair.plain, [*PROMPT, 7, 8], max_new_tokens=6, stop_ids={5})
    check_exact(pair.asynchronous)


def test_what_looks_at_the_logits_is_decoded_step_by_step(
    llama_folder: Path, pair: Pair, recorder: FakeRecorder
) -> None:
    index = model.VocabularyIndex.of(model.Tokenizer(llama_folder))
    requests: list[dict[str, Any]] = [
        {"guide": model.Guide(must_start=b"def").start(index)},
        {"sampling": model.Sampling(temperature=1.0)},
        {"lookup": model.PromptLookup(PROMPT)},
        {"scores": TokenScores(alternatives=1)},
    ]
    engine = pair.engine(recorder, draft_length=model.DraftLength({0: 1.0, 3: 1.2}))
    for request in requests:
        list(engine.generate(PROMPT, max_new_tokens=4, cancel=Event(), **request))
    assert recorder.count("fetch") == 0
    assert recorder.count("step") > 0


def test_what_cannot_be_recorded_runs_ahead_as_well(
    pair: Pair, caplog: pytest.LogCaptureFixture, recorder: FakeRecorder
) -> None:
    recorder.failures = [RuntimeError("operation not permitted when stream is capturing")]
    pair.both([*PROMPT] * 8, max_new_tokens=20)
    assert caplog.text.count("not recorded") == 1
    assert set(recorder.log) == {"fetch", "read"}


def test_a_full_device_gives_up_the_other_sequences_and_goes_on(pair: Pair, recorder: FakeRecorder) -> None:
    consume(pair.asynchronous, [5, 6, 7], max_new_tokens=2, key="other")
    recorder.failures = [torch.OutOfMemoryError("CUDA out of memory")]
    pair.both(PROMPT, max_new_tokens=6, key="this")
    assert len(pair.asynchronous._slots) == 1


def test_a_device_that_stays_full_leaves_the_cache_exact(pair: Pair, recorder: FakeRecorder) -> None:
    recorder.failures = [torch.OutOfMemoryError("CUDA out of memory")]
    with pytest.raises(model.OutOfMemory):
        consume(pair.asynchronous, PROMPT, max_new_tokens=6)
    check_exact(pair.asynchronous)
    pair.both(PROMPT, max_new_tokens=6)


def test_a_device_that_fails_leaves_the_cache_exact(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> int:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    backend: Any = pair.asynchronous._backend
    monkeypatch.setattr(backend._steps, "fetch", lambda _: fail)
    tokens = pair.asynchronous.generate(PROMPT, max_new_tokens=6, cancel=Event())
    with pytest.raises(RuntimeError, match="illegal"):
        next(tokens)
    check_exact(pair.asynchronous)
