"""Which model goes where: with devices and installed models that this machine does not have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from seekline import model
from seekline.model.backends.llama.llama_config import parse_llama_config
from seekline.model.loading import plan as planning
from seekline.model.loading import quantization_choice

GB = 1_000_000_000
A_LLAMA = parse_llama_config(
    {
        "model_type": "llama",
        "num_hidden_layers": 1,
        "hidden_size": 64,
        "intermediate_size": 64,
        "num_attention_heads": 1,
        "vocab_size": 64,
    },
    name="config.json",
)


def device(name: str, free_gb: float) -> model.Device:
    dtypes = {"cuda": ("bfloat16", "float16", "float32"), "mps": ("float16", "float32"), "cpu": ("float32", "bfloat16")}
    return model.Device(
        name=name,
        title="a device",
        total_bytes=int(free_gb * GB),
        free_bytes=int(free_gb * GB),
        fast_dtypes=dtypes[name.partition(":")[0]],  # pyright: ignore[reportArgumentType]
    )


def checkpoint_of(entry: model.Entry) -> model.Checkpoint:
    return model.Checkpoint(
        path=Path(entry.name),
        model_type="llama",
        parameters=entry.parameters,
        context_tokens=entry.context_tokens,
        kv_bytes_per_token=entry.kv_bytes_per_token,
        vocabulary=None,
        has_own_code=False,
        llama=None if "v2" in entry.name else A_LLAMA,
    )


class Machine:
    """A made-up machine: one device, some installed models, some Python packages."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.device = device("cpu", 16)
        self.installed: list[str] = []
        self.packages = {"bitsandbytes", "accelerate"}
        self.compiled = True
        patch.setattr(planning, "find_device", lambda _: self.device)
        patch.setattr(planning, "installed_entries", self._sources)
        patch.setattr(planning, "find_sources", lambda name, base, weights=None: [self._source(name)])
        patch.setattr(planning, "inspect", lambda folder: checkpoint_of(model.all_entries()[folder.name]))
        patch.setattr(planning, "_have_one_vocabulary", lambda one, other: one.entry.family == other.entry.family)
        for module in (planning, quantization_choice):
            patch.setattr(module, "is_installed", lambda package: package in self.packages)
        patch.setattr(quantization_choice, "runs_natively", lambda _: self.compiled)

    def _source(self, name: str) -> model.Source:
        return model.Source(name=name, path=Path(name), entry=model.all_entries()[name])

    def _sources(self, weights: object = None) -> list[model.Source]:
        return [self._source(name) for name in model.all_entries() if name in (*self.installed, model.EMBEDDED)]

    def plan(self, **wanted: Any) -> model.Plan:
        return model.make_plan(model.ModelRequest(**wanted), base=Path())


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_auto_without_any_installed_model(machine: Machine) -> None:
    plan = machine.plan()
    assert plan.source.name == model.EMBEDDED
    assert "no other model is installed" in plan.reason


@pytest.mark.parametrize(
    ("device_name", "free_gb", "chosen", "quantization", "dtype"),
    [
        ("cuda:0", 80, "deepseek-coder-33b-base", "none", "bfloat16"),
        ("cuda:0", 24, "deepseek-coder-6.7b-base", "none", "bfloat16"),
        ("cuda:0", 20, "deepseek-coder-6.7b-base", "none", "bfloat16"),
        ("cuda:0", 8, "deepseek-coder-6.7b-base", "nf4", "bfloat16"),
        ("cuda:0", 2, "deepseek-coder-1.3b-base", "nf4", "bfloat16"),
        ("cuda:0", 1, "embedded", "none", "bfloat16"),
        ("cpu", 64, "deepseek-coder-1.3b-base", "int4", "float32"),
        ("cpu", 4, "deepseek-coder-1.3b-base", "int4", "float32"),
        ("cpu", 2, "deepseek-coder-1.3b-base", "int4", "float32"),
        ("cpu", 1, "embedded", "none", "float32"),
        ("mps", 18, "deepseek-coder-6.7b-base", "none", "float16"),
        ("mps", 5, "deepseek-coder-1.3b-base", "none", "float16"),
    ],
)
def test_auto_takes_the_best_that_fits(
    machine: Machine, device_name: str, free_gb: float, chosen: str, quantization: str, dtype: str
) -> None:
    machine.installed = ["deepseek-coder-33b-base", "deepseek-coder-6.7b-base", "deepseek-coder-1.3b-base"]
    machine.device = device(device_name, free_gb)
    plan = machine.plan()
    assert (plan.source.name, plan.quantization, plan.dtype) == (chosen, quantization, dtype)
    assert not plan.spread


def test_a_cpu_reads_four_bits_or_eight_where_torch_multiplies(machine: Machine) -> None:
    machine.packages = set()
    machine.device = device("cpu", 64)
    plan = machine.plan(model="deepseek-coder-1.3b-base")
    assert (plan.quantization, plan.by_bitsandbytes) == ("int4", False)
    machine.compiled = False
    assert machine.plan(model="deepseek-coder-1.3b-base").quantization == "int8"
    machine.device = device("cpu", 2.4)
    assert machine.plan(model="deepseek-coder-1.3b-base").quantization == "int4"
    assert machine.plan(model="embedded").quantization == "none"


def test_int4_is_for_llamas_and_for_devices_that_multiply_bfloat16(machine: Machine) -> None:
    with pytest.raises(model.UnsupportedQuantization, match="Llama architecture"):
        machine.plan(model="deepseek-coder-v2-lite-base", quantization="int4")
    machine.device = replace(device("cuda:0", 24), fast_dtypes=("float16", "float32"))
    with pytest.raises(model.UnsupportedQuantization, match="bfloat16"):
        machine.plan(model="deepseek-coder-1.3b-base", quantization="int4")


def test_kv_caches_take_a_part_of_what_is_left(machine: Machine) -> None:
    machine.device = device("cuda:0", 24)
    plan = machine.plan(model="deepseek-coder-6.7b-base", sequence_tokens=1000)
    one = 1000 * plan.checkpoint.kv_bytes_per_token
    assert one < plan.kv_limit_bytes <= 16 * one


def test_a_draft_model_takes_what_the_model_leaves(machine: Machine) -> None:
    machine.device = device("cuda:0", 24)
    names = {"model": "deepseek-coder-6.7b-base", "sequence_tokens": 1000}
    alone, both = machine.plan(**names), machine.plan(**names, draft_model="deepseek-coder-1.3b-base")
    assert alone.draft is None
    assert both.draft is not None
    assert (both.source, both.quantization, both.dtype) == (alone.source, alone.quantization, alone.dtype)
    assert both.draft.device == both.device
    assert both.kv_limit_bytes < alone.kv_limit_bytes
    used = both.kv_limit_bytes + both.draft.kv_limit_bytes
    used += sum(model.all_entries()[one.source.name].weight_bytes["none"] for one in (both, both.draft))
    assert used < 0.9 * machine.device.free_bytes
    assert "deepseek-coder-1.3b-base (bfloat16) drafts for it" in both.summary


def test_a_draft_model_is_quantized_before_there_is_none(machine: Machine) -> None:
    machine.device = device("cuda:0", 19)
    plan = machine.plan(model="deepseek-coder-6.7b-base", draft_model="deepseek-coder-1.3b-base")
    assert plan.draft is not None
    assert (plan.quantization, plan.draft.quantization) == ("none", "nf4")


def test_a_draft_model_without_room_names_the_way_out(machine: Machine) -> None:
    machine.device = device("cuda:0", 17)
    with pytest.raises(model.OutOfMemory, match=r"Beside .*6\.7b.*1\.3b-base needs about .* cuda:0 has 0") as caught:
        machine.plan(model="deepseek-coder-6.7b-base", draft_model="deepseek-coder-1.3b-base")
    assert "draft_model = none" in caught.value.remedy
    machine.device = device("cuda:0", 8)
    with pytest.raises(model.OutOfMemory, match=r"cuda:0 has 0\.0 GB free"):  # the model itself is spread
        machine.plan(model="deepseek-coder-33b-base", draft_model="deepseek-coder-1.3b-base")


def test_a_draft_model_of_another_vocabulary(machine: Machine) -> None:
    with pytest.raises(model.VocabularyMismatch, match=r"embedded cannot draft for deepseek-coder-1\.3b") as caught:
        machine.plan(model="deepseek-coder-1.3b-base", draft_model="embedded")
    assert "none" in caught.value.remedy


def test_auto_below_a_size(machine: Machine) -> None:
    machine.installed = ["deepseek-coder-6.7b-base", "deepseek-coder-1.3b-base"]
    machine.device = device("cuda:0", 24)
    limit = machine.plan().checkpoint.parameters
    smaller = machine.plan(smaller_than=limit)
    assert smaller.source.name == "deepseek-coder-1.3b-base"
    with pytest.raises(model.OutOfMemory, match="No smaller model"):
        machine.plan(smaller_than=1000)


def test_auto_says_what_it_left_out_and_why(machine: Machine) -> None:
    machine.installed = ["deepseek-coder-33b-base", "deepseek-coder-6.7b-base"]
    machine.device = device("cuda:0", 8)
    assert "deepseek-coder-33b-base is too large for cuda:0" in machine.plan().reason
    machine.device = device("cpu", 64)
    assert "deepseek-coder-6.7b-base is too slow for cpu" in machine.plan().reason


def test_auto_never_takes_a_model_that_cannot_fill_in(machine: Machine) -> None:
    machine.installed = ["deepseek-coder-33b-instruct"]
    machine.device = device("cuda:0", 80)
    assert machine.plan().source.name == model.EMBEDDED


def test_a_named_model_is_quantized_only_when_it_must_be(machine: Machine) -> None:
    machine.device = device("cuda:0", 24)
    assert machine.plan(model="deepseek-coder-6.7b-base").quantization == "none"
    machine.device = device("cuda:0", 8)
    assert machine.plan(model="deepseek-coder-6.7b-base").quantization == "nf4"


def test_a_named_model_too_large_for_one_gpu_is_spread(machine: Machine) -> None:
    machine.device = device("cuda:0", 8)
    plan = machine.plan(model="deepseek-coder-33b-base")
    assert (plan.spread, plan.quantization) == (True, "none")
    machine.packages = {"bitsandbytes"}
    with pytest.raises(model.OutOfMemory, match=r"needs about 22\.\d GB; cuda:0 has 8\.0 GB free"):
        machine.plan(model="deepseek-coder-33b-base")


def test_out_of_memory_names_the_way_out(machine: Machine) -> None:
    machine.device = device("cpu", 1)
    with pytest.raises(model.OutOfMemory) as caught:
        machine.plan(model="deepseek-coder-6.7b-base")
    assert "nf4" in caught.value.remedy


@pytest.mark.parametrize("quantization", ["int8", "nf4"])
def test_a_quantization_that_the_device_lacks(machine: Machine, quantization: str) -> None:
    machine.device = device("mps", 64)
    with pytest.raises(model.UnsupportedQuantization, match="not on mps"):
        machine.plan(model="deepseek-coder-1.3b-base", quantization=quantization)


def test_a_quantization_whose_library_is_missing(machine: Machine) -> None:
    machine.packages = {"accelerate"}
    with pytest.raises(model.UnsupportedQuantization, match="needs bitsandbytes, which") as caught:
        machine.plan(model="deepseek-coder-1.3b-base", quantization="nf4")
    assert "In the clone of Seekline run: pip install '.[gpu]'" in caught.value.remedy


def test_dtype_is_the_users_to_choose(machine: Machine) -> None:
    assert machine.plan(model="deepseek-coder-1.3b-base", dtype="bfloat16").dtype == "bfloat16"


def test_code_of_a_model_is_trusted_by_name_only(machine: Machine) -> None:
    name = "deepseek-coder-1.3b-base"
    assert machine.plan(model=name, trusted=(name,)).trusted
    assert not machine.plan(model=name, trusted=("deepseek-coder-6.7b-base",)).trusted


def test_a_device_that_is_not_there() -> None:
    with pytest.raises(model.UnsupportedDevice, match=r"no device 'cuda:7' here: torch sees .*cpu"):
        model.find_device("cuda:7")


def test_the_cpu_is_always_there() -> None:
    cpu = model.find_device("cpu")
    assert 0 < cpu.free_bytes <= cpu.total_bytes
    assert set(cpu.fast_dtypes) == {"float32", "bfloat16"}


def test_auto_on_a_machine_too_small_for_anything(machine: Machine) -> None:
    machine.device = device("cpu", 0.1)
    with pytest.raises(model.OutOfMemory, match="embedded needs about"):
        machine.plan()


def test_auto_passes_over_a_damaged_model(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def inspect(folder: Path) -> model.Checkpoint:
        if folder.name != model.EMBEDDED:
            raise model.BrokenCheckpoint("Half of it is missing.", "Download it again.")
        return checkpoint_of(model.all_entries()[folder.name])

    monkeypatch.setattr(planning, "inspect", inspect)
    machine.installed = ["deepseek-coder-1.3b-base"]
    plan = machine.plan()
    assert plan.source.name == model.EMBEDDED
    assert "deepseek-coder-1.3b-base is damaged" in plan.reason


def test_kv_caches_have_no_more_than_the_models_context() -> None:
    """However long prompts may be elsewhere: two sequences of 1,024 tokens, in float32."""
    plan = model.make_plan(
        model.ModelRequest(model="embedded", device="cpu", quantization="none", sequence_tokens=100_000), base=Path()
    )
    assert plan.kv_limit_bytes <= 2 * 1024 * 2 * plan.checkpoint.kv_bytes_per_token
