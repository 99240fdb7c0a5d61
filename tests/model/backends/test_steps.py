"""Recorded decode steps, by a recorder that runs on a CPU: what is recorded, how often, and that it stays exact."""

from __future__ import annotations

import random
from pathlib import Path
from threading import Event

import pytest
import torch
from fake_recorder import FakeRecorder, save_network
from seekline.model.backends.llama.backend import LlamaBackend
from seekline.model.backends.llama.torch_forward import TorchLlama
from tiny_models import VOCABULARY


@pytest.fixture(params=[4, 2, 1], ids=["mha", "gqa", "mqa"])
def network(request: pytest.FixtureRequest, tmp_path: Path) -> TorchLlama:
    return save_network(tmp_path, num_key_value_heads=request.param)


def backend_of(network: TorchLlama, recorder: FakeRecorder | None) -> LlamaBackend:
    return LlamaBackend(network, context_tokens=512, vocabulary_size=VOCABULARY, recorder=recorder)


def test_steps_give_what_a_plain_pass_gives(network: TorchLlama) -> None:
    """Over random steps, rewinds and widths, in two sequences, across the lengths at which a recording changes."""
    recorder, chance = FakeRecorder(), random.Random(1)
    recorded, plain = backend_of(network, recorder), backend_of(network, None)
    pairs = [(recorded.new_kv(512), plain.new_kv(512)) for _ in range(2)]
    lengths = [0, 0]
    for _ in range(120):
        which = chance.randrange(2)
        count = chance.choice([1, 1, 2, 4, 8, 60])
        if lengths[which] + count > 512:
            lengths[which] = chance.randrange(200)
        ids = [chance.randrange(6, VOCABULARY) for _ in range(count)]
        logits = 1 if count == 60 else count
        rows = []
        for backend, kv in zip((recorded, plain), pairs[which], strict=True):
            kv.rewind(lengths[which])
            rows.append(backend.forward(ids, kv, Event(), logits=logits))
        assert torch.allclose(*rows, atol=1e-3, rtol=1e-4)
        lengths[which] += count
    assert recorder.count("record") <= 2 * 2 * 4, "once for each sequence, length and width"
    assert recorder.count("step") > 50


def test_a_recording_goes_with_its_sequence(network: TorchLlama) -> None:
    backend = backend_of(network, FakeRecorder())
    kv = backend.new_kv(64)
    backend.forward([7], kv, Event())
    assert backend._steps is not None
    assert len(backend._steps._recorded) == 1
    del kv
    assert len(backend._steps._recorded) == 0


def test_what_cannot_be_recorded_runs_anew_each_time(network: TorchLlama, caplog: pytest.LogCaptureFixture) -> None:
    recorder = FakeRecorder()
    recorder.failures = [RuntimeError("operation not permitted when stream is capturing")]
    refused = backend_of(network, recorder)
    plain = backend_of(network, None)
    pairs = [(backend, backend.new_kv(64)) for backend in (refused, plain)]
    for ids in ([7, 8], [9]):
        rows = [backend.forward(ids, kv, Event(), logits=len(ids)) for backend, kv in pairs]
        assert torch.allclose(*rows, atol=1e-3, rtol=1e-4)
    assert recorder.log == []
    assert caplog.text.count("not recorded") == 1
