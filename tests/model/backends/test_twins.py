"""Models over one copy of the weights: each has an adapter and KV caches of its own, and a thread to compute on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from fake_recorder import FakeRecorder, save_network
from lora_adapters import save_adapter
from seekline import model
from seekline.model.backends.llama.adapter import read_adapter
from seekline.model.backends.llama.backend import LlamaBackend
from seekline.model.backends.llama.pass_turns import PassTurns
from seekline.model.catalogue.adapter import Adapter, inspect_adapter
from tiny_models import IDS, VOCABULARY, generate, load, save_llama

ROOM = 1 << 40


def adapter_in(folder: Path, base: Path, seed: int) -> Adapter:
    llama = model.inspect(base).llama
    assert llama is not None
    return inspect_adapter(save_adapter(folder, base, seed=seed), llama, model="base")


def adapt(loaded: model.LoadedModel, adapter: Adapter) -> None:
    loaded.adapt(replace(loaded.plan, adapter=adapter), read_adapter(adapter))


@pytest.mark.usefixtures("each_forward")
def test_each_has_its_own_adapter_and_writes_what_it_writes_alone(tmp_path: Path) -> None:
    base = save_llama(tmp_path / "base")
    adapters = [adapter_in(tmp_path / str(seed), base, seed) for seed in (1, 2)]
    alone = [generate(load(base), 16), *(generate(load(base, adapter=str(each.path)), 16) for each in adapters)]
    assert len({tuple(text) for text in alone}) == 3
    loaded = load(base)
    twins = [loaded, loaded.twin(kv_limit_bytes=ROOM), None]
    assert twins[1] is not None
    adapt(twins[1], adapters[0])
    twins[2] = twins[1].twin(kv_limit_bytes=ROOM)
    assert twins[2] is not None
    assert twins[2].plan.adapter is None
    adapt(twins[2], adapters[1])
    with ThreadPoolExecutor(3) as threads:
        for _ in range(5):
            assert list(threads.map(lambda one: generate(one, 16), twins)) == alone
            for one in twins:
                one.engine.forget_all()
    del loaded
    twins[0] = None
    assert generate(twins[1], 16) == alone[1], "the weights are there as long as anybody needs them"


def test_its_kv_caches_have_the_room_that_is_left(tmp_path: Path) -> None:
    loaded = load(save_llama(tmp_path))
    left = loaded.plan.kv_limit_bytes - 1
    twin = loaded.twin(kv_limit_bytes=left)
    assert twin is not None
    assert twin.plan.kv_limit_bytes == left
    assert loaded.twin(kv_limit_bytes=1000) is None, "not for one sequence"


def test_merged_weights_are_not_shared(tmp_path: Path) -> None:
    base = save_llama(tmp_path / "base")
    merged = load(base, adapter=str(save_adapter(tmp_path / "adapter", base)), merge_adapter=True)
    assert merged.twin(kv_limit_bytes=ROOM) is None


def test_recorded_steps_are_its_own(tmp_path: Path) -> None:
    backend = LlamaBackend(
        save_network(tmp_path), context_tokens=512, vocabulary_size=VOCABULARY, recorder=FakeRecorder()
    )
    twin = backend.twin()
    adapter = read_adapter(adapter_in(tmp_path / "adapter", tmp_path, 3))

    def logits(one: LlamaBackend) -> torch.Tensor:
        kv = one.new_kv(len(IDS) + 1)
        one.forward(IDS, kv, Event())
        return one.forward([7], kv, Event()).clone()

    before = logits(backend)
    assert torch.equal(logits(twin), before)
    twin.adapt(adapter)
    assert not torch.allclose(logits(twin), before)
    assert torch.equal(logits(backend), before)


def test_nobody_has_two_turns_while_another_one_waits() -> None:
    turns, log = PassTurns(), list[str]()
    waits: Any = Event()

    def take(name: str) -> None:
        waits.set()
        with turns.taken():
            log.append(name)

    with ThreadPoolExecutor(1) as threads:
        with turns.taken():
            other = threads.submit(take, "other")
            assert waits.wait(30)
            while not turns._front.locked():
                pass
        take("this one")
        other.result(30)
    assert log == ["other", "this one"]
