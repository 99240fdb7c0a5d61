"""How the catalogue's models would run: the same as the planner makes of them once they are there."""

from __future__ import annotations

from pathlib import Path

import pytest
from seekline import model
from seekline.model.catalogue.sources import published_sources
from seekline.model.loading import engine_choice, outlook, plan, quantization_choice
from seekline.model.loading.published import expected

GB = 1_000_000_000
SMALL, MIDDLE, LARGE = "deepseek-coder-1.3b-base", "deepseek-coder-6.7b-base", "deepseek-coder-33b-base"


class Machine:
    """A made-up machine with one device, on which the C code is compiled, and all Python packages."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.device = "cpu"
        self.free_gb = 16.0
        self.installed: list[str] = []
        self.compiled = True
        patch.setattr(outlook, "find_device", lambda _: self._device())
        patch.setattr(plan, "find_device", lambda _: self._device())
        patch.setattr(plan, "find_sources", lambda name, base, weights: self._sources(name))
        patch.setattr(
            outlook, "installed_entries", lambda weights=None: [self._source(name) for name in self.installed]
        )
        for module in (plan, outlook):
            patch.setattr(module, "look_at", lambda source: expected(source))
        patch.setattr(engine_choice, "has_llama_cpp", lambda: False)
        patch.setattr(quantization_choice, "is_installed", lambda _: True)
        patch.setattr(quantization_choice, "runs_natively", lambda _: self.compiled)

    def _device(self) -> model.Device:
        free = int(self.free_gb * GB)
        on_cpu = self.device == "cpu"
        dtypes: tuple[model.Dtype, ...] = ("float32", "bfloat16") if on_cpu else ("bfloat16", "float16", "float32")
        return model.Device(name=self.device, title="", total_bytes=free, free_bytes=free, fast_dtypes=dtypes)

    def _source(self, name: str) -> model.Source:
        return model.Source(name=name, path=Path(name), entry=model.all_entries()[name])

    def _sources(self, name: str) -> list[model.Source]:
        """What is here of a model: its published weights where it is installed, else as if it were all."""
        return [self._source(name)] if name in self.installed else published_sources(model.all_entries()[name])

    def outlooks(self, **wanted: str) -> dict[str, model.Outlook]:
        request = model.ModelRequest(**wanted)  # pyright: ignore[reportArgumentType]
        return {one.entry.name: one for one in model.outlooks(request)}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def runs_in(one: model.Outlook) -> str | None:
    return one.plan.format if one.plan else None


def test_on_a_cpu_the_c_code_reads_four_bits(machine: Machine) -> None:
    found = machine.outlooks()
    assert {name: runs_in(found[name]) for name in (SMALL, MIDDLE, LARGE)} == {
        SMALL: "int4",
        MIDDLE: "int4",
        LARGE: None,
    }
    assert "needs about" in found[LARGE].problem
    assert [name for name, one in found.items() if one.is_automatic] == [SMALL, model.EMBEDDED]
    assert found[MIDDLE].is_too_slow


def test_without_the_c_code_torch_reads_eight_bits(machine: Machine) -> None:
    machine.compiled = False
    assert runs_in(machine.outlooks()[SMALL]) == "int8"


@pytest.mark.parametrize("free_gb", [1, 4, 9, 24, 90])
@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
def test_it_is_what_the_planner_makes_of_the_name(machine: Machine, device: str, free_gb: float) -> None:
    machine.device, machine.free_gb = device, free_gb
    usable = free_gb * GB * 0.9
    for name, one in machine.outlooks().items():
        request = model.ModelRequest(model=name)
        assert one.memory_bytes is not None
        if one.plan is None:
            with pytest.raises(model.OutOfMemory) as refused:
                model.make_plan(request, base=Path())
            assert one.problem == refused.value.problem
            assert one.memory_bytes > usable, "at the least"
        else:
            plan = model.make_plan(request, base=Path())
            assert (one.plan.format, one.plan.spread) == (plan.format, plan.spread)
            assert plan.spread == (one.memory_bytes > usable)


@pytest.mark.parametrize("quantization", ["auto", "nf4"])
@pytest.mark.parametrize("free_gb", [2, 9, 24, 90])
@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
def test_auto_takes_the_first_that_is_automatic(
    machine: Machine, device: str, free_gb: float, quantization: model.Quantization, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.device, machine.free_gb = device, free_gb
    machine.installed = list(model.all_entries())
    monkeypatch.setattr(plan, "installed_entries", outlook.installed_entries)
    found = machine.outlooks(quantization=quantization)
    expected = next(name for name, one in found.items() if one.is_automatic)
    assert model.make_plan(model.ModelRequest(quantization=quantization), base=Path()).source.name == expected


def test_what_the_settings_ask_for_and_cannot_be_is_said(machine: Machine) -> None:
    found = machine.outlooks(quantization="int4")["deepseek-coder-v2-lite-base"]
    assert (found.plan, found.memory_bytes) == (None, None)
    assert "int4 is for models of the Llama architecture" in found.problem


def test_which_are_installed(machine: Machine) -> None:
    machine.installed = [SMALL]
    assert [name for name, one in machine.outlooks().items() if one.is_installed] == [SMALL]
