"""Which model, in which of its formats, `auto` takes: by what is installed, by memory, device and packages."""

from __future__ import annotations

from pathlib import Path

import pytest
from seekline import model
from seekline.model.catalogue.sources import published_sources
from seekline.model.loading import engine_choice, plan, quantization_choice
from seekline.model.loading.published import expected

GB = 1_000_000_000
LITE, MIDDLE, MQA, SMALL = (f"deepseek-coder-{size}-base" for size in ("v2-lite", "6.7b", "5.7bmqa", "1.3b"))


def sources(installed: str) -> list[model.Source]:
    """`6.7b: safetensors Q4_K_M awq, 1.3b: Q8_0`; the embedded one is always there."""
    wanted: dict[str, list[str]] = {model.EMBEDDED: ["safetensors"]}
    for row in filter(None, installed.split(",")):
        name, _, formats = row.strip().partition(": ")
        wanted[f"deepseek-coder-{name}-base"] = formats.split()
    found: list[model.Source] = []
    for entry in model.all_entries().values():
        for source in published_sources(entry) if entry.name in wanted else ():
            if (source.quantization or source.format) in wanted[entry.name]:
                found.append(source)
    return found


class Machine:
    """A made-up machine: one device, with xllamacpp for it or without, with bitsandbytes or without."""

    def __init__(self, patch: pytest.MonkeyPatch, device: str, free_gb: float, packages: str = "") -> None:
        on_cpu = device == "cpu"
        dtypes: tuple[model.Dtype, ...] = ("float32", "bfloat16") if on_cpu else ("bfloat16", "float16", "float32")
        bytes = int(free_gb * GB)
        self.device = model.Device(name=device, title="", total_bytes=bytes, free_bytes=bytes, fast_dtypes=dtypes)
        patch.setattr(plan, "find_device", lambda _: self.device)
        patch.setattr(plan, "llama_cpp_device", lambda _: self.device)
        patch.setattr(plan, "look_at", _look)
        patch.setattr(engine_choice, "has_llama_cpp", lambda: "xllamacpp" in packages)
        for module in (plan, quantization_choice):
            patch.setattr(module, "is_installed", lambda package: package in packages)
        patch.setattr(quantization_choice, "runs_natively", lambda _: True)


def _look(source: model.Source) -> model.Checkpoint:
    return model.inspect(source.path) if source.name == model.EMBEDDED else expected(source)


ALL = "xllamacpp bitsandbytes accelerate"


@pytest.mark.parametrize(
    ("installed", "device", "free_gb", "packages", "chosen", "format", "engine"),
    [
        # a CPU: 1.3B in four bits, made here of what is published, else read from the file nearest to them
        ("1.3b: safetensors", "cpu", 8, "", SMALL, "int4", "seekline"),
        ("1.3b: safetensors Q4_K_M Q8_0", "cpu", 8, "", SMALL, "int4", "seekline"),
        ("1.3b: Q2_K Q4_K_M Q5_K_M Q8_0", "cpu", 8, "", SMALL, "Q4_K_M", "seekline"),
        ("1.3b: Q2_K Q5_K_M Q8_0", "cpu", 8, "", SMALL, "Q5_K_M", "seekline"),
        ("1.3b: Q2_K Q3_K_M", "cpu", 8, "", SMALL, "Q3_K_M", "seekline"),
        ("1.3b: awq gptq", "cpu", 8, "", SMALL, "gptq", "seekline"),
        ("1.3b: Q8_0 awq", "cpu", 8, "", SMALL, "awq", "seekline"),
        ("6.7b: Q4_K_M, 1.3b: Q4_0", "cpu", 32, ALL, SMALL, "Q4_0", "seekline"),
        ("v2-lite: Q4_K_M, 1.3b: Q4_0", "cpu", 32, ALL, SMALL, "Q4_0", "seekline"),
        ("6.7b: Q4_K_M", "cpu", 32, ALL, "embedded", "float32", "seekline"),
        ("1.3b: Q8_0", "cpu", 1, "", "embedded", "float32", "seekline"),
        # GPUs of 4, 6, 8, 16 and 24 GB
        ("6.7b: safetensors, 1.3b: safetensors", "cuda:0", 3.8, ALL, SMALL, "nf4", "seekline"),
        ("5.7bmqa: safetensors, 1.3b: safetensors", "cuda:0", 5.7, ALL, MQA, "nf4", "seekline"),
        ("6.7b: safetensors, 1.3b: safetensors", "cuda:0", 8, ALL, MIDDLE, "nf4", "seekline"),
        ("6.7b: safetensors, v2-lite: safetensors", "cuda:0", 16, ALL, MIDDLE, "nf4", "seekline"),
        ("6.7b: safetensors, v2-lite: Q4_K_M", "cuda:0", 16, ALL, LITE, "Q4_K_M", "llama.cpp"),
        ("6.7b: safetensors, v2-lite: Q4_K_M", "cuda:0", 16, "bitsandbytes accelerate", MIDDLE, "nf4", "seekline"),
        ("6.7b: safetensors", "cuda:0", 24, ALL, MIDDLE, "bfloat16", "seekline"),
        # of files a GPU takes the most bits that fit
        ("6.7b: Q2_K Q4_K_M Q6_K Q8_0", "cuda:0", 24, "", MIDDLE, "Q8_0", "seekline"),
        ("6.7b: Q2_K Q4_K_M Q6_K Q8_0", "cuda:0", 9.9, "", MIDDLE, "Q6_K", "seekline"),
        ("6.7b: Q2_K Q4_K_M Q6_K Q8_0", "cuda:0", 7.6, "", MIDDLE, "Q4_K_M", "seekline"),
    ],
)
def test_what_auto_takes(
    monkeypatch: pytest.MonkeyPatch,
    installed: str,
    device: str,
    free_gb: float,
    packages: str,
    chosen: str,
    format: str,
    engine: str,
) -> None:
    Machine(monkeypatch, device, free_gb, packages)
    monkeypatch.setattr(plan, "installed_entries", lambda weights: sources(installed))
    found = model.make_plan(model.ModelRequest(sequence_tokens=4096), base=Path())
    assert (found.source.name, found.format, found.engine) == (chosen, format, engine)


@pytest.mark.parametrize(
    ("installed", "device", "free_gb", "reason"),
    [
        ("v2-lite: Q4_K_M, 1.3b: Q4_K_M", "cuda:0", 24, "v2-lite-base does not run by what is installed"),
        ("6.7b: Q8_0, 1.3b: Q4_K_M", "cuda:0", 4, "6.7b-base is too large for cuda:0"),
        ("6.7b: Q4_K_M, 1.3b: Q4_K_M", "cpu", 24, "6.7b-base is too slow for cpu"),
    ],
)
def test_why_nothing_better_is_taken(
    monkeypatch: pytest.MonkeyPatch, installed: str, device: str, free_gb: float, reason: str
) -> None:
    Machine(monkeypatch, device, free_gb)
    monkeypatch.setattr(plan, "installed_entries", lambda weights: sources(installed))
    found = model.make_plan(model.ModelRequest(sequence_tokens=4096), base=Path())
    assert found.source.name == SMALL
    assert reason in found.summary


def test_a_named_model_is_loaded_in_the_format_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "find_sources", lambda name, base, weights: sources("6.7b: safetensors Q4_K_M Q2_K")[:3])
    wanted = model.ModelRequest(model=MIDDLE, sequence_tokens=1024)
    for free_gb, format in ((40, "bfloat16"), (6, "Q4_K_M"), (4.5, "Q2_K")):
        Machine(monkeypatch, "cuda:0", free_gb)
        monkeypatch.setattr(quantization_choice, "_why_not_int4", lambda device, checkpoint: ("no", "no"))
        assert model.make_plan(wanted, base=Path()).format == format
    Machine(monkeypatch, "cuda:0", 2)
    with pytest.raises(model.OutOfMemory, match=r"needs about"):
        model.make_plan(wanted, base=Path())


@pytest.mark.parametrize(
    ("name", "weights", "device", "free_gb", "label"),
    [
        (SMALL, {}, "cpu", 8, "safetensors"),
        (MIDDLE, {}, "cuda:0", 40, "safetensors"),
        (LITE, {}, "cuda:0", 16, "gguf Q5_K_M"),
        (LITE, {}, "cpu", 40, "gguf Q4_K_M"),
        (LITE, {}, "cpu", 1, "gguf Q2_K"),
        (MIDDLE, {"format": "gguf"}, "cpu", 16, "gguf Q4_K_M"),
        (MIDDLE, {"format": "gguf"}, "cuda:0", 40, "gguf Q8_0"),
        (MIDDLE, {"format": "gguf", "quantization": "Q3_K_S"}, "cpu", 1, "gguf Q3_K_S"),
        (MIDDLE, {"format": "awq"}, "cpu", 1, "awq"),
        ("replit-code-v1_5-3b", {}, "cpu", 40, "gguf Q4_0"),
    ],
)
def test_what_is_downloaded_where_no_format_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, weights: dict[str, str], device: str, free_gb: float, label: str
) -> None:
    machine = Machine(monkeypatch, device, free_gb, ALL)
    monkeypatch.setattr("seekline.model.loading.published.find_device", lambda _: machine.device)
    request = model.ModelRequest(
        weights=model.WantedWeights(**weights),  # pyright: ignore[reportArgumentType]
        sequence_tokens=2048,
    )
    assert model.label(model.best_published(model.all_entries()[name], request)) == label


def test_a_format_in_which_a_model_is_not_published() -> None:
    wanted = model.ModelRequest(weights=model.WantedWeights(format="awq"))
    with pytest.raises(model.ModelNotInstalled, match="is not published as awq") as caught:
        model.best_published(model.all_entries()[LITE], wanted)
    assert "gguf Q4_K_M" in caught.value.remedy
