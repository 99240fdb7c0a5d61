"""Recorded decode steps, by a recorder that runs on a CPU: what is recorded, how often, and that it stays exact."""

from __future__ import annotations

import random
from pathlib import Path
from threading import Event

import pytest
import torch
from seekline import model
from seekline.model.llama.backend import LlamaBackend
from seekline.model.llama.loading import load_llama
from seekline.model.llama.network import Llama
from seekline.model.llama.steps import Run
from tiny_models import VOCABULARY, save_llama


class Recorder:
    """Records by keeping the function; counts what was recorded and replayed."""

    def __init__(self) -> None:
        self.recorded = 0
        self.replayed = 0

    def __call__(self, run: Run) -> Run:
        self.recorded += 1
        output = run()

        def replay() -> torch.Tensor:
            self.replayed += 1
            return output.copy_(run())  # as a graph does, into the same memory

        return replay


@pytest.fixture(params=[4, 2, 1], ids=["mha", "gqa", "mqa"])
def network(request: pytest.FixtureRequest, tmp_path: Path, torch_forward: None) -> Llama:
    folder = save_llama(tmp_path, num_key_value_heads=request.param)
    shape = model.inspect(folder).llama
    assert shape is not None
    loaded = load_llama(folder, shape, device="cpu", dtype=torch.float32, bits=None, threads=1, cache=tmp_path)
    assert isinstance(loaded.network, Llama)
    return loaded.network


def backend_of(network: Llama, recorder: Recorder | None) -> LlamaBackend:
    return LlamaBackend(network, context_tokens=512, vocabulary_size=VOCABULARY, record=recorder)


def test_steps_give_what_a_plain_pass_gives(network: Llama) -> None:
    """Over random steps, rewinds and widths, in two sequences, across the lengths at which a recording changes."""
    recorder, chance = Recorder(), random.Random(1)
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
    assert recorder.recorded <= 2 * 2 * 4, "once for each sequence, length and width"
    assert recorder.replayed > 50


def test_a_recording_goes_with_its_sequence(network: Llama) -> None:
    backend = backend_of(network, Recorder())
    kv = backend.new_kv(64)
    backend.forward([7], kv, Event())
    assert backend._steps is not None
    assert len(backend._steps._recorded) == 1
    del kv
    assert len(backend._steps._recorded) == 0


def test_what_cannot_be_recorded_runs_anew_each_time(network: Llama, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(_: Run) -> Run:
        raise RuntimeError("operation not permitted when stream is capturing")

    refused = LlamaBackend(network, context_tokens=512, vocabulary_size=VOCABULARY, record=refuse)
    plain = backend_of(network, None)
    pairs = [(backend, backend.new_kv(64)) for backend in (refused, plain)]
    for ids in ([7, 8], [9]):
        rows = [backend.forward(ids, kv, Event(), logits=len(ids)) for backend, kv in pairs]
        assert torch.equal(*rows)
    assert caplog.text.count("not recorded") == 1
