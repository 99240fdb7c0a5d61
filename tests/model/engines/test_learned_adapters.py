"""Learned adapters come and go while an engine serves; where one cannot run the model does without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from gguf_models import save_llama_gguf
from lora_adapters import save_adapter, save_merged, write_config
from quantized_models import save_quantized
from safetensors.torch import load_file, save_file
from seekline import model
from seekline.model.catalogue import learned
from seekline.model.engines import loader as loader_module
from seekline.model.loading import engine_choice
from tiny_models import IDS, generate, load, save_llama, save_v2_lite


@dataclass
class Served:
    """An engine, and what it reported and loaded for a repository from which something is learned."""

    base: Path
    repository: Path
    reports: list[model.Report] = field(default_factory=list)
    loads: int = 0

    def __post_init__(self) -> None:
        self.engine = model.LocalEngine(self.reports.append)

    def learn(self, tmp_path: Path, seed: int, **config: Any) -> Path:
        draft = save_adapter(tmp_path / f"draft{seed}", self.base, seed=seed, **config)
        folder = learned.learned_folder(self.repository, self.base)
        return learned.publish(folder, draft, repository=self.repository, base=self.base)

    def write(self, **more: Any) -> list[int]:
        """As it is wanted by now."""
        now = learned.learned_from(learned.repository_folder(self.repository))
        request = model.ModelRequest(
            model=str(self.base), device="cpu", dtype="float32", learned=now.folder if now else None, **more
        )
        state = now.state if now else None
        self.engine.load(
            model.LocalModel(request=request, base=self.base, threads=1, max_new_tokens=8, learned_state=state)
        )
        version = self.engine.info().result(60).version
        asked = model.CompletionRequest(ids=tuple(IDS), key="file", version=version, max_new_tokens=8)
        return [id for piece in self.engine.stream(asked, Event()) for id in piece.ids]

    @property
    def warnings(self) -> list[str]:
        return [report.message for report in self.reports if report.warning]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_llama(tmp_path_factory.mktemp("base"), num_key_value_heads=2)


@pytest.fixture
def served(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    served = Served(base, tmp_path / "repository")
    load_runner = loader_module.load_runner

    def counted(*given: Any, **named: Any) -> Any:
        served.loads += 1
        return load_runner(*given, **named)

    monkeypatch.setattr(loader_module, "load_runner", counted)
    yield served
    served.engine.close(60)


def with_adapter(tmp_path: Path, base: Path, adapter: Path) -> list[int]:
    return generate(load(save_merged(tmp_path / f"merged-{adapter.name}", base, adapter)))


@pytest.mark.usefixtures("each_forward")
def test_it_comes_changes_and_goes_beside_the_same_base(tmp_path: Path, base: Path, served: Served) -> None:
    plain = generate(load(base))
    assert served.write() == plain
    for seed in (1, 2):
        adapter = served.learn(tmp_path, seed)
        expected = with_adapter(tmp_path, base, adapter)
        assert served.write() == expected != plain
        assert served.write() == expected, "from its KV cache"
        assert served.engine.status.reason.startswith(f"{base} with the adapter {adapter}")
    learned.withdraw(learned.learned_folder(served.repository, base))
    assert served.write() == plain
    assert (served.loads, served.warnings) == (1, [])


def test_it_is_there_from_the_start(tmp_path: Path, base: Path, served: Served) -> None:
    """Said ready once, with it."""
    adapter = served.learn(tmp_path, 1)
    assert served.write() == with_adapter(tmp_path, base, adapter)
    (ready,) = [report for report in served.reports if report.done]
    assert str(adapter) in ready.message
    assert served.loads == 1


def spoil_config(adapter: Path) -> None:
    write_config(adapter, rank=4, use_dora=True)


def spoil_numbers(adapter: Path) -> None:
    """What only who reads them sees."""
    weights = load_file(adapter / "adapter_model.safetensors")
    save_file({name: weight * float("nan") for name, weight in weights.items()}, adapter / "adapter_model.safetensors")


def spoil_results(adapter: Path) -> None:
    """What only who computes with them sees."""
    weights = load_file(adapter / "adapter_model.safetensors")
    save_file({name: weight * 1e30 for name, weight in weights.items()}, adapter / "adapter_model.safetensors")


def cut(adapter: Path) -> None:
    weights = adapter / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])


def take_weights_away(adapter: Path) -> None:
    (adapter / "adapter_model.safetensors").unlink()


@pytest.mark.parametrize("spoil", [spoil_config, spoil_numbers, spoil_results, cut, take_weights_away])
@pytest.mark.parametrize("is_first", [False, True])
def test_one_that_is_broken_is_told_and_the_base_goes_on_without(
    tmp_path: Path, base: Path, served: Served, spoil: Any, is_first: bool
) -> None:
    """Also where another one ran before."""
    if not is_first:
        served.learn(tmp_path, 1)
        served.write()
    spoil(served.learn(tmp_path, 2, rank=4))
    for _ in range(2):
        assert served.write() == generate(load(base))
    (warning,) = served.warnings
    assert "The model runs without it" in warning
    assert "seekline learn forget" in warning
    assert (served.engine.status.state, served.loads) == ("ready", 1)
    mended = served.learn(tmp_path, 3)
    assert served.write() == with_adapter(tmp_path, base, mended)


def test_what_was_learned_for_other_weights_does_not_run(tmp_path: Path, base: Path, served: Served) -> None:
    served.learn(tmp_path, 1)
    served.base = save_llama(tmp_path / "other", seed=5, num_key_value_heads=2)
    assert served.write() == generate(load(served.base))
    assert served.warnings == []


def test_an_adapter_that_is_named_wins(tmp_path: Path, base: Path, served: Served) -> None:
    served.learn(tmp_path, 1)
    named = save_adapter(tmp_path / "named", base, seed=2)
    assert served.write(adapter=str(named)) == with_adapter(tmp_path, base, named)


def test_it_is_never_merged(tmp_path: Path, base: Path, served: Served) -> None:
    """It may be gone with the next request."""
    expected = with_adapter(tmp_path, base, served.learn(tmp_path, 1))
    assert served.write(merge_adapter=True) == expected
    learned.withdraw(learned.learned_folder(served.repository, base))
    assert served.write(merge_adapter=True) == generate(load(base))
    assert served.loads == 1


def test_it_needs_no_consent(tmp_path: Path, base: Path, served: Served) -> None:
    served.learn(tmp_path, 1)
    now = learned.learned_from(learned.repository_folder(served.repository))
    assert now is not None
    request = model.ModelRequest(model=str(base), device="cpu", learned=now.folder)
    wanted = model.LocalModel(request=request, base=base, threads=1, max_new_tokens=8, learned_state=now.state)
    served.engine.load(wanted, lambda: {base.resolve()})
    assert "with the adapter" in served.engine.info().result(60).summary


def test_where_no_adapters_run_there_is_none_and_nothing_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With transformers, with llama.cpp, and where GPTQ has made other weights of those that it was learned for."""
    monkeypatch.setattr(engine_choice, "find_spec", lambda _: object())  # llama.cpp is here
    twin, gguf = tmp_path / "twin", tmp_path / "model.gguf"
    packed = save_quantized(tmp_path / "packed", twin)
    save_llama_gguf(model.embedded_folder(), gguf)
    v2 = save_v2_lite(tmp_path / "v2")
    for base in (twin, v2):
        draft = save_adapter(tmp_path / f"draft-{base.name}", base)
        learned.publish(learned.learned_folder(tmp_path, base), draft, repository=tmp_path, base=base)
    found: list[tuple[bool, str | None]] = []
    request = model.ModelRequest(device="cpu", learned=learned.repository_folder(tmp_path))
    by_llama_cpp = replace(request, model=str(gguf), engine="llama.cpp")
    for wanted in (*(replace(request, model=str(base)) for base in (twin, packed, v2, gguf)), by_llama_cpp):
        plan = model.make_plan(wanted, base=tmp_path)
        found.append((plan.adapter is not None, plan.notice))
    assert found == [(True, None), *[(False, None)] * 4]
