"""Adapters that come and go while an engine serves: the base stays, KV caches and versions do not."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import torch
from lora_adapters import save_adapter, save_merged, write_config
from seekline import model
from seekline.model.engines import loader as loader_module
from tiny_models import IDS, generate, load, save_llama


@dataclass
class Served:
    """An engine, what it reported, and how often it loaded a model."""

    base: Path
    reports: list[model.Report] = field(default_factory=list)
    loads: int = 0

    def __post_init__(self) -> None:
        self.engine = model.LocalEngine(self.reports.append)

    def want(self, adapter: Path | None, agreed: set[Path] | None = None, **more: Any) -> None:
        request = model.ModelRequest(
            model=str(self.base),
            device="cpu",
            dtype="float32",
            adapter=str(adapter) if adapter else model.NO_ADAPTER,
            **more,
        )
        wanted = model.LocalModel(request=request, base=self.base, threads=1, max_new_tokens=8)
        self.engine.load(wanted, lambda: agreed)

    def info(self) -> model.EngineInfo:
        return self.engine.info().result(60)

    def write(self, *, key: str = "file", version: int | None = None) -> list[int]:
        request = model.CompletionRequest(
            ids=tuple(IDS), key=key, version=version or self.info().version, max_new_tokens=8
        )
        return [id for piece in self.engine.stream(request, Event()) for id in piece.ids]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_llama(tmp_path_factory.mktemp("base"), num_key_value_heads=2)


@pytest.fixture
def served(base: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    served = Served(base)
    load_runner = loader_module.load_runner

    def counted(*given: Any, **named: Any) -> Any:
        served.loads += 1
        return load_runner(*given, **named)

    monkeypatch.setattr(loader_module, "load_runner", counted)
    yield served
    served.engine.close(60)


@pytest.fixture
def adapters(tmp_path: Path, base: Path) -> list[Path]:
    return [save_adapter(tmp_path / f"adapter{seed}", base, seed=seed, rank=4 * seed) for seed in (1, 2)]


def reference(tmp_path: Path, base: Path, adapter: Path | None) -> list[int]:
    if adapter is None:
        return generate(load(base))
    return generate(load(save_merged(tmp_path / f"merged-{adapter.name}", base, adapter)))


@pytest.mark.usefixtures("each_forward")
def test_one_after_the_other_and_none(tmp_path: Path, base: Path, served: Served, adapters: list[Path]) -> None:
    expected = {name: reference(tmp_path, base, name) for name in (*adapters, None)}
    assert len({tuple(tokens) for tokens in expected.values()}) == 3
    versions: list[int] = []
    for adapter in (None, *adapters, adapters[0], None, adapters[1]):
        served.want(adapter)
        info = served.info()
        versions.append(info.version)
        assert (f"with the adapter {adapter}" in info.summary) == (adapter is not None)
        assert served.engine.status.reason == info.summary
        assert served.write() == expected[adapter]
        assert served.write() == expected[adapter], "from its KV cache"
        assert served.write(key="another") == expected[adapter], "no KV of before is copied"
    assert len(set(versions)) == len(versions), "a prompt is made for a model with its adapter"
    assert served.loads == 1


def test_a_request_that_was_made_for_another_adapter(served: Served, adapters: list[Path]) -> None:
    served.want(adapters[0])
    version = served.info().version
    served.want(adapters[1])
    with pytest.raises(model.InfoChanged):
        served.write(version=version)


def test_requests_that_come_meanwhile(tmp_path: Path, base: Path, served: Served, adapters: list[Path]) -> None:
    """Each is answered by one of the adapters, all of it, or asks for the engine's info again."""
    expected = [reference(tmp_path, base, adapter) for adapter in adapters]
    served.want(adapters[0])
    served.info()
    found: list[list[int]] = []
    stop = Event()

    def ask(key: str) -> None:
        while not stop.is_set():
            try:
                found.append(served.write(key=key))
            except model.InfoChanged:
                continue

    askers = [Thread(target=ask, args=(f"file {number}",)) for number in range(2)]
    for asker in askers:
        asker.start()
    for turn in range(12):
        served.want(adapters[turn % 2])
        served.info()
    stop.set()
    for asker in askers:
        asker.join(60)
    assert found
    assert all(tokens in expected for tokens in found)
    assert served.loads == 1


def test_what_exchanging_leaves_in_memory(served: Served, adapters: list[Path]) -> None:
    """No tensor of an adapter that is not wanted any more, nor a KV cache that was computed with it."""
    counts: list[int] = []
    for turn in range(6):
        served.want(adapters[turn % 2])
        served.write()
        if turn % 2:
            counts.append(living_bytes())
    assert len(set(counts[1:])) == 1, counts


def living_bytes() -> int:
    gc.collect()
    return sum(one.nbytes for one in gc.get_objects() if issubclass(type(one), torch.Tensor))


def test_an_adapter_that_fails_and_is_mended(tmp_path: Path, base: Path, served: Served, adapters: list[Path]) -> None:
    """Nothing is written without it; the base stays, so that the next try is quick."""
    expected = reference(tmp_path, base, adapters[0])
    served.want(None)
    served.info()
    write_config(adapters[0], rank=4, use_dora=True)
    served.want(adapters[0])
    with pytest.raises(model.UnsupportedAdapter, match="use_dora"):
        served.info()
    with pytest.raises(model.UnsupportedAdapter):
        served.write(version=1)
    assert served.engine.status.state == "failed"
    assert "use_dora" in served.engine.status.reason
    assert [report.error for report in served.reports if report.error] == [served.engine.status.reason]
    write_config(adapters[0], rank=4)
    served.engine.retry()
    served.want(adapters[0])
    assert served.write() == expected
    assert served.loads == 1


def test_back_to_none_after_a_failure(tmp_path: Path, base: Path, served: Served, adapters: list[Path]) -> None:
    served.want(adapters[0])
    served.info()
    served.want(tmp_path / "nowhere")
    with pytest.raises(model.BrokenAdapter, match="There is no folder"):
        served.info()
    served.want(None)
    assert served.write() == reference(tmp_path, base, None)
    assert served.loads == 1


def test_a_first_adapter_that_fails_loads_nothing(tmp_path: Path, served: Served) -> None:
    served.want(tmp_path / "nowhere")
    with pytest.raises(model.BrokenAdapter):
        served.info()
    assert served.loads == 0
    assert served.engine.status.state == "failed"


def test_a_folder_that_is_written_to_and_deleted(
    tmp_path: Path, base: Path, served: Served, adapters: list[Path]
) -> None:
    """What is in memory serves on; with the next settings, what is there by then does."""
    before, after = (reference(tmp_path, base, adapter) for adapter in adapters)
    folder = shutil.copytree(adapters[0], tmp_path / "folder")
    served.want(folder)
    assert served.write() == before
    shutil.rmtree(folder)
    served.engine.retry()
    served.want(folder)
    assert served.write() == before
    shutil.copytree(adapters[1], folder)
    served.want(folder)
    assert served.write() == before
    served.engine.retry()
    served.want(folder)
    assert served.write() == after
    assert served.loads == 1


def test_an_adapter_of_others_waits_for_consent(served: Served, adapters: list[Path]) -> None:
    served.want(None, agreed=set())
    with pytest.raises(model.PathNotAgreed):
        served.info()
    mine = {served.base.resolve()}
    served.want(adapters[0], agreed=mine)
    with pytest.raises(model.PathNotAgreed, match="named as an adapter"):
        served.info()
    refused = served.reports[-1].refused
    assert refused is not None
    assert refused.path == adapters[0].resolve()
    assert "as an adapter" in refused.question
    served.engine.retry()
    served.want(adapters[0], agreed=mine | {refused.path})
    assert str(adapters[0]) in served.info().summary


def test_merged_adapters_take_loading_again(tmp_path: Path, base: Path, served: Served, adapters: list[Path]) -> None:
    for adapter in (*adapters, None):
        served.want(adapter, merge_adapter=True)
        assert served.write() == reference(tmp_path, base, adapter)
    assert served.loads == 3
    served.want(adapters[0])
    assert served.write() == generate(load(base, adapter=str(adapters[0])))


def test_a_doubt_about_the_base_is_told(served: Served, adapters: list[Path], tmp_path: Path) -> None:
    embedded = model.embedded_folder()
    adapter = save_adapter(tmp_path / "embedded", embedded, rank=2, base_model_name_or_path="someone/another-model")
    request = model.ModelRequest(model=model.EMBEDDED, device="cpu", adapter=str(adapter))
    served.engine.load(model.LocalModel(request=request, base=tmp_path, threads=1, max_new_tokens=8))
    served.info()
    (warning,) = [report.message for report in served.reports if report.warning]
    assert "trained for someone/another-model, and runs on" in warning
