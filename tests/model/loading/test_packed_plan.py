"""How weights that GPTQ or AWQ quantized are run, on devices that this machine does not have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from seekline import model
from seekline.model.catalogue.expected import expected_checkpoint
from seekline.model.catalogue.packing import Packing
from seekline.model.loading import plan as planning
from seekline.model.loading import quantization_choice
from seekline.model.loading.quantization_choice import number_formats

DTYPES: dict[str, tuple[Any, ...]] = {
    "cuda": ("bfloat16", "float16", "float32"),
    "mps": ("float16", "float32"),
    "cpu": ("float32", "bfloat16"),
}


def device(name: str, free_gb: int) -> model.Device:
    free_bytes = free_gb * 1_000_000_000
    dtypes = DTYPES[name.partition(":")[0]]
    return model.Device(name=name, title="", total_bytes=free_bytes, free_bytes=free_bytes, fast_dtypes=dtypes)


CODER = model.Checkpoint(
    path=Path("coder-awq"),
    weights_format="awq",
    stored_bytes=3_900_000_000,
    packing=Packing(method="awq", bits=4, group=128),
    model_type="llama",
    parameters=6_700_000_000,
    context_tokens=16_384,
    kv_bytes_per_token=524_288,
    vocabulary=32_256,
    has_own_code=False,
    llama=expected_checkpoint(model.all_entries()["deepseek-coder-6.7b-base"]).llama,
)
OLDER_GPU = replace(device("cuda:0", 16), fast_dtypes=("float16", "float32"))


@pytest.fixture(autouse=True)
def _packages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (planning, quantization_choice):
        monkeypatch.setattr(module, "is_installed", lambda _: True)


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        (device("cpu", 16), ("float32", "stored")),
        (device("cuda:0", 8), ("bfloat16", "stored")),
        (OLDER_GPU, ("float16", "none")),
        (device("mps", 16), ("float16", "none")),
    ],
    ids=["cpu", "cuda", "an older GPU", "mps"],
)
def test_they_stay_as_they_are_where_the_device_multiplies_them(where: model.Device, wanted: tuple[str, str]) -> None:
    assert number_formats("auto", "auto", where, CODER)[0] == wanted


def test_a_small_model_is_numbers_in_the_caches_of_a_cpu() -> None:
    small = replace(CODER, parameters=6_000_000)
    assert number_formats("auto", "auto", device("cpu", 16), small)[0] == ("float32", "none")
    assert number_formats("auto", "auto", device("cuda:0", 8), small)[0] == ("bfloat16", "stored")


@pytest.mark.parametrize("quantization", ["int8", "nf4"])
def test_bitsandbytes_quantizes_nothing_that_is_quantized(quantization: Any) -> None:
    with pytest.raises(model.UnsupportedQuantization, match="quantized in their file") as caught:
        number_formats("auto", quantization, device("cuda:0", 8), CODER)
    assert "auto" in caught.value.remedy


def test_they_may_be_quantized_again_or_be_numbers() -> None:
    for quantization in ("int4", "none"):
        number_formats("auto", quantization, device("cuda:0", 8), CODER)
    number_formats("auto", "int8", device("cpu", 8), CODER)


@pytest.mark.parametrize("quantization", ["auto", "none", "stored"])
@pytest.mark.parametrize("where", ["cpu", "cuda:0", "mps"])
def test_other_architectures_are_refused(where: str, quantization: Any) -> None:
    other = replace(CODER, model_type="deepseek_v2", llama=None)
    with pytest.raises(model.UnsupportedQuantization, match=r"by AWQ, which .* 'deepseek_v2'") as caught:
        number_formats("auto", quantization, device(where, 80), other)
    assert "GGUF" in caught.value.remedy


def test_they_are_not_spread_over_devices() -> None:
    source = model.Source(name="/coder-awq", path=CODER.path, entry=None)
    wanted = model.ModelRequest(model="/coder-awq")
    assert not planning.plan_named([source], lambda _: CODER, device("cuda:0", 8), wanted).spread
    with pytest.raises(model.OutOfMemory):
        planning.plan_named([source], lambda _: CODER, device("cuda:0", 2), wanted)
