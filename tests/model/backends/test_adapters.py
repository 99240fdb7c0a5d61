"""Adapters beside the weights and merged into them, in each forward pass, against a model whose weights have it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from fake_recorder import FakeRecorder, save_network
from gguf_models import save_dequantized as gguf_numbers
from gguf_models import save_llama_gguf
from lora_adapters import save_adapter, save_merged, write_config
from quantized_models import save_quantized
from safetensors.torch import load_file, save_file
from seekline import model
from seekline.model.backends.llama import native_structures
from seekline.model.backends.llama.adapter import read_adapter
from seekline.model.backends.llama.backend import LlamaBackend
from seekline.model.backends.llama.quantization import from_codes, int4_codes, int8_codes
from seekline.model.catalogue.adapter import inspect_adapter
from tiny_models import IDS, VOCABULARY, generate, load, save_llama, save_v2_lite

SHAPES = {
    "mha": {},
    "gqa": {"num_key_value_heads": 2},
    "mqa": {"num_key_value_heads": 1},
    "odd sizes": {"head_dim": 32, "hidden_size": 192, "intermediate_size": 320, "num_key_value_heads": 2},
}
TOLERANCE = 2e-4
"""Of a logit, relative to the spread of all of them: sums of float32 in another order."""


def logits_of(loaded: model.LoadedModel, ids: list[int] = IDS) -> torch.Tensor:
    backend: Any = loaded._backend
    return backend.forward(ids, backend.new_kv(len(ids)), Event(), logits=len(ids)).float()


def check_same(found: torch.Tensor, expected: torch.Tensor, tolerance: float = TOLERANCE) -> None:
    assert float((found - expected).abs().max() / expected.std()) < tolerance


@pytest.mark.usefixtures("each_forward")
@pytest.mark.parametrize("merge", [False, True], ids=["beside", "merged"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_model_with_an_adapter(tmp_path: Path, shape: dict[str, int], merge: bool) -> None:
    base = save_llama(tmp_path / "base", **shape)
    adapter = save_adapter(tmp_path / "adapter", base)
    reference = load(save_merged(tmp_path / "merged", base, adapter))
    adapted = load(base, adapter=str(adapter), merge_adapter=merge)
    assert generate(adapted, 16) == generate(reference, 16) != generate(load(base), 16)
    check_same(logits_of(adapted), logits_of(reference))


@pytest.mark.usefixtures("each_forward")
def test_projections_that_stay_as_they_are(tmp_path: Path) -> None:
    """Of two matrices that hold several projections some are adapted, in one layer; ranks fill no tile."""
    base = save_llama(tmp_path / "base", num_key_value_heads=2)
    adapter = save_adapter(tmp_path / "adapter", base, rank=5, targets=("k_proj", "up_proj"))
    reference = load(save_merged(tmp_path / "merged", base, adapter))
    check_same(logits_of(load(base, adapter=str(adapter))), logits_of(reference))


@pytest.mark.usefixtures("each_forward")
def test_ranks_that_differ(tmp_path: Path) -> None:
    base = save_llama(tmp_path / "base")
    adapter = save_adapter(tmp_path / "adapter", base, rank=40)
    path = adapter / "adapter_model.safetensors"
    tensors = load_file(path)
    for name, tensor in tensors.items():
        if "v_proj" in name:
            tensors[name] = (tensor[:3] if "lora_A" in name else tensor[:, :3]).contiguous()
    save_file(tensors, path)
    write_config(adapter, rank=40, rank_pattern={"v_proj": 3}, alpha_pattern={"v_proj": 6})
    reference = load(save_merged(tmp_path / "merged", base, adapter))
    check_same(logits_of(load(base, adapter=str(adapter))), logits_of(reference))


@pytest.mark.usefixtures("each_forward")
def test_beside_quantized_weights(tmp_path: Path) -> None:
    """Against what the codes stand for as numbers, with the adapter merged into these: no more is lost than without an
    adapter, where only the rows are rounded, to eight bits in C, to bfloat16 in torch."""
    base = save_llama(tmp_path / "base", hidden_size=128, intermediate_size=256)
    adapter = save_adapter(tmp_path / "adapter", base)
    numbers = save_dequantized(tmp_path / "numbers", base)
    quantized = logits_of(load(base, quantization="int4"))
    adapted = logits_of(load(base, quantization="int4", adapter=str(adapter)))
    lost = distance(quantized, logits_of(load(numbers)))
    assert lost < 0.1
    assert distance(adapted, logits_of(load(save_merged(tmp_path / "merged", numbers, adapter)))) < 2 * lost
    assert distance(adapted, quantized) > 0.5, "the adapter says something"


def save_dequantized(folder: Path, base: Path) -> Path:
    """The model in `base` with the numbers that its codes of four bits stand for; of eight bits in its head."""
    shutil.copytree(base, folder)
    weights = load_file(base / "model.safetensors")
    for name, weight in weights.items():
        if name.endswith("_proj.weight"):
            weights[name] = from_codes(*int4_codes(weight))
        elif name == "lm_head.weight":
            weights[name] = from_codes(*int8_codes(weight), middle=0)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def distance(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


@pytest.mark.usefixtures("each_forward")
@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q8_0"])
def test_beside_the_codes_of_a_gguf_file(tmp_path: Path, kind: str) -> None:
    """Whose rows of queries and keys stand in another order than those of the adapter."""
    folder = save_llama(tmp_path / "base", num_key_value_heads=2)
    adapter = save_adapter(tmp_path / "adapter", folder)
    gguf = save_llama_gguf(folder, tmp_path / "base.gguf", kind)
    numbers = gguf_numbers(folder, gguf, tmp_path / "numbers")
    check_beside_codes(gguf, numbers, adapter, tmp_path / "merged")


@pytest.mark.usefixtures("each_forward")
@pytest.mark.parametrize("reordered", [False, True])
def test_beside_the_codes_of_gptq(tmp_path: Path, reordered: bool) -> None:
    """Also where the codes follow an order of their own, which the adapter's product does not."""
    numbers = tmp_path / "numbers"
    folder = save_quantized(tmp_path / "packed", numbers, reordered=reordered, num_key_value_heads=2)
    adapter = save_adapter(tmp_path / "adapter", numbers)
    check_beside_codes(folder, numbers, adapter, tmp_path / "merged")
    with pytest.raises(model.UnsupportedAdapter, match="cannot be merged into weights that are quantized already"):
        load(folder, quantization="stored", adapter=str(adapter), merge_adapter=True)


def check_beside_codes(base: Path, numbers: Path, adapter: Path, merged: Path) -> None:
    """Compares with the numbers that the codes stand for: no more is lost than without an adapter."""
    plain = logits_of(load(base, quantization="stored"))
    lost = distance(plain, logits_of(load(numbers)))
    found = logits_of(load(base, quantization="stored", adapter=str(adapter)))
    assert lost < 0.2
    reference = logits_of(load(save_merged(merged, numbers, adapter)))
    assert distance(found, reference) < 2 * lost
    as_numbers = logits_of(load(base, quantization="none", adapter=str(adapter), merge_adapter=True))
    assert distance(as_numbers, reference) < TOLERANCE
    assert distance(found, plain) > 0.5, "the adapter says something"


@pytest.mark.skipif(not native_structures.is_compiled(), reason="the C code is not compiled here")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("quantization", ["none", "int4"])
def test_a_row_is_the_same_alone_in_drafts_and_in_chunks(tmp_path: Path, quantization: Any, threads: int) -> None:
    base = save_llama(tmp_path / "base", num_key_value_heads=2)
    adapter = save_adapter(tmp_path / "adapter", base, rank=20)
    plan = model.make_plan(
        model.ModelRequest(
            model=str(base), device="cpu", dtype="float32", quantization=quantization, adapter=str(adapter)
        ),
        base=base,
    )
    backend: Any = model.load_model(plan, threads=threads)._backend
    backend._network._threads = threads
    rows: list[torch.Tensor] = []
    for sizes in ([80], [1] * 80, [3, 8, 40, 5, 1, 23]):
        kv, start, found = backend.new_kv(80), 0, []
        for size in sizes:
            found.append(backend.forward(IDS[start : start + size], kv, Event(), logits=size))
            start += size
        rows.append(torch.cat(found))
    assert torch.equal(rows[0], rows[1])
    assert torch.equal(rows[0], rows[2])


def test_recorded_steps_are_recorded_anew(tmp_path: Path) -> None:
    """As CUDA's graphs: what was recorded before an adapter came is not replayed with it."""
    network = save_network(tmp_path / "base")
    adapter = save_adapter(tmp_path / "adapter", tmp_path / "base")
    recorder = FakeRecorder()
    recorded = LlamaBackend(network, context_tokens=512, vocabulary_size=VOCABULARY, recorder=recorder)
    weights = read_adapter(inspect_adapter(adapter, network.config, model="tiny"))
    seen: list[torch.Tensor] = []
    kv = recorded.new_kv(64)
    for adapted in (None, weights, None):
        recorded.adapt(adapted)
        before = recorder.count("record")
        for _ in range(2):
            kv.rewind(0)
            seen.append(recorded.forward([7, 8], kv, Event(), logits=2).clone())
        assert recorder.count("record") == before + 1, "once for each of them"
        kv.rewind(0)
        with torch.inference_mode():
            plain = network.forward(torch.tensor([7, 8]), kv, logits=2, cancel=Event())[:, :VOCABULARY]
        assert torch.allclose(seen[-1], plain, atol=1e-3, rtol=1e-4)
    assert torch.equal(seen[0], seen[-1])
    assert not torch.allclose(seen[0], seen[2])


def test_numbers_that_the_networks_format_lacks(tmp_path: Path) -> None:
    network = save_network(tmp_path / "base")
    adapter = save_adapter(tmp_path / "adapter", tmp_path / "base", rank=2, lora_alpha=1e6)
    network.weights = network._own_weights = replace(
        network.weights, embedding=network.weights.embedding.to(torch.float16)
    )
    weights = read_adapter(inspect_adapter(adapter, network.config, model="tiny"))
    with pytest.raises(model.BrokenAdapter, match=r"no finite numbers in torch\.float16"):
        network.adapt(weights)
    assert network.weights is network._own_weights


def test_an_adapter_in_sixteen_bits(tmp_path: Path) -> None:
    base = save_llama(tmp_path / "base")
    adapter = save_adapter(tmp_path / "adapter", base)
    path = adapter / "adapter_model.safetensors"
    save_file({name: tensor.bfloat16() for name, tensor in load_file(path).items()}, path)
    reference = load(save_merged(tmp_path / "merged", base, adapter))
    check_same(logits_of(load(base, adapter=str(adapter))), logits_of(reference))


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of peft, which asks transformers for what it renamed
@pytest.mark.usefixtures("each_forward")
@pytest.mark.parametrize("merge", [False, True], ids=["beside", "merged"])
def test_what_peft_computes(tmp_path: Path, merge: bool) -> None:
    """An adapter that PEFT made and saved, with what it computes itself as the reference."""
    peft = pytest.importorskip("peft", reason="peft is not installed: pip install --no-deps peft")
    from transformers import AutoModelForCausalLM

    base = save_llama(tmp_path / "base", num_key_value_heads=2)
    wanted = peft.LoraConfig(
        r=6,
        lora_alpha=9,
        use_rslora=True,
        target_modules="all-linear",
        rank_pattern={"down_proj": 3},
        alpha_pattern={r".*\.0\.self_attn\.q_proj": 2},
        init_lora_weights=False,
        task_type="CAUSAL_LM",
    )
    torch.manual_seed(5)
    made = peft.get_peft_model(AutoModelForCausalLM.from_pretrained(base), wanted).eval()
    made.save_pretrained(tmp_path / "adapter")
    with torch.no_grad():
        expected = made(torch.tensor([IDS])).logits[0, :, :VOCABULARY]
    check_same(logits_of(load(base, adapter=str(tmp_path / "adapter"), merge_adapter=merge)), expected, 2e-3)


def test_merged_weights_are_kept_by_what_was_merged_into_them(tmp_path: Path) -> None:
    base = save_llama(tmp_path / "base")
    adapter = save_adapter(tmp_path / "adapter", base)
    cache = tmp_path / "cache"

    def loaded(**wanted: Any) -> torch.Tensor:
        request = model.ModelRequest(
            model=str(base), device="cpu", dtype="float32", quantization="int4", merge_adapter=True, **wanted
        )
        return logits_of(model.load_model(model.make_plan(request, base=base), threads=1, cache=cache))

    merged, plain = loaded(adapter=str(adapter)), loaded()
    assert len(list(cache.glob("*.safetensors"))) == 2
    assert torch.equal(loaded(adapter=str(adapter)), merged)
    assert torch.equal(loaded(), plain)
    assert not torch.equal(merged, plain)
    save_adapter(adapter, base, seed=2)
    assert [kept.is_current for kept in model.kept_weights(cache)].count(False) == 1
    assert not torch.equal(loaded(adapter=str(adapter)), merged)
    assert all(kept.is_current for kept in model.kept_weights(cache)), "what nothing can be loaded from is gone"


@pytest.mark.usefixtures("each_forward")
def test_an_adapter_that_computes_no_numbers(tmp_path: Path) -> None:
    base = save_llama(tmp_path / "base")
    adapter = save_adapter(tmp_path / "adapter", base, lora_alpha=1e6)
    path = adapter / "adapter_model.safetensors"
    save_file({name: tensor * 1e28 for name, tensor in load_file(path).items()}, path)
    with pytest.raises(model.BrokenAdapter, match="computes no finite numbers"):
        load(base, adapter=str(adapter))


def test_models_that_others_compute_run_no_adapters(tmp_path: Path) -> None:
    base = save_llama(tmp_path / "base")
    adapter = save_adapter(tmp_path / "adapter", base)
    with pytest.raises(model.UnsupportedAdapter, match="run on models of the Llama architecture"):
        load(save_v2_lite(tmp_path / "v2"), adapter=str(adapter))
