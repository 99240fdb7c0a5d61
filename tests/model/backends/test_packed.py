"""GPTQ's and AWQ's matrices mean what the one who packed them says: the codes one by one, and models as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Event
from typing import Any

import numpy
import pytest
import torch
from quantized_models import Rounded, awq_tensors, gptq_tensors, group_of_inputs, save_quantized, set_config
from safetensors.torch import load_file, save_file
from seekline import model
from seekline.model.backends.llama.packed_codes import PackedCodes, unpack
from seekline.model.backends.llama.packed_tensors import PackedTensors
from seekline.model.backends.llama.quantization import stored_int4
from seekline.model.backends.llama.weights import reader_of
from seekline.model.catalogue.packing import Packing
from spoiled_files import with_quantization
from tiny_models import IDS, check_incremental, generate, load

QUERY, KEY = "model.layers.0.self_attn.q_proj.weight", "model.layers.0.self_attn.k_proj.weight"


def any_codes(outputs: int, group_of: Any, bits: int = 4) -> Rounded:
    """A matrix with every code and every zero point, the least and the greatest among them."""
    numbers = numpy.random.default_rng(outputs)
    groups = int(group_of.max()) + 1
    return Rounded(
        codes=numbers.integers(0, 2**bits, (outputs, len(group_of))),
        zeros=numbers.integers(0, 2**bits, (outputs, groups)),
        scales=numbers.normal(size=(outputs, groups)).astype(numpy.float16),
        group_of=group_of,
    )


def unpacked(matrix: Rounded, packing: Packing) -> PackedCodes:
    if packing.method == "awq":
        tensors = awq_tensors(matrix)
    else:
        tensors = gptq_tensors(matrix, bits=packing.bits, less_one=packing.zeros_less_one)
    return unpack({name: torch.from_numpy(values.copy()) for name, values in tensors.items()}, packing)


@pytest.mark.parametrize("group", [32, 64, 128, None])
@pytest.mark.parametrize(
    "packing",
    [
        Packing(method="gptq", bits=4, group=0, zeros_less_one=True),
        Packing(method="gptq", bits=4, group=0),
        Packing(method="gptq", bits=8, group=0, zeros_less_one=True),
        Packing(method="awq", bits=4, group=0),
    ],
    ids=["gptq", "gptq_v2", "gptq in 8 bits", "awq"],
)
def test_every_code_is_read_as_it_was_packed(packing: Packing, group: int | None) -> None:
    packing = Packing(method=packing.method, bits=packing.bits, group=group, zeros_less_one=packing.zeros_less_one)
    matrix = any_codes(40, group_of_inputs(256, group or -1, reordered=False, seed=0), packing.bits)
    found = unpacked(matrix, packing)
    assert torch.equal(found.codes.long(), torch.from_numpy(matrix.codes))
    assert torch.equal(found.zeros.long(), torch.from_numpy(matrix.zeros))
    assert torch.equal(found.dense(), torch.from_numpy(matrix.weights))
    stored = found.stored()
    assert stored is not None
    assert stored.order is None
    assert stored.group == (group or 256)


def test_inputs_in_another_order() -> None:
    matrix = any_codes(16, group_of_inputs(256, 64, reordered=True, seed=1))
    found = unpacked(matrix, Packing(method="gptq", bits=4, group=64))
    assert torch.equal(found.dense(), torch.from_numpy(matrix.weights))
    stored = found.stored()
    assert stored is not None
    assert stored.order is not None
    assert torch.equal(torch.from_numpy(matrix.group_of)[stored.order], torch.arange(256) // 64)
    assert torch.equal(stored.dense(), torch.from_numpy(matrix.weights))


@pytest.mark.parametrize("sizes", [(128, 64, 64), (1, 127, 128), (128, 128, 32), (0, 128, 128)])
def test_groups_of_different_sizes_have_no_codes_to_multiply(sizes: tuple[int, ...]) -> None:
    group_of = numpy.random.default_rng(2).permutation(numpy.repeat([0, 1, 2], sizes))
    matrix = any_codes(16, group_of)
    found = unpacked(matrix, Packing(method="gptq", bits=4, group=128))
    assert found.stored() is None
    assert torch.equal(found.dense(), torch.from_numpy(matrix.weights))


@pytest.mark.parametrize("reordered", [False, True])
@pytest.mark.parametrize("group", [32, 64, 128, 256, 512])
def test_torch_multiplies_the_codes(group: int, reordered: bool) -> None:
    matrix = any_codes(32, group_of_inputs(512, group, reordered=reordered, seed=3))
    stored = unpacked(matrix, Packing(method="gptq", bits=4, group=group)).stored()
    assert stored is not None
    linear = stored_int4(stored, "cpu")
    assert linear is not None
    rows = torch.randn(3, 512, generator=torch.Generator().manual_seed(4))
    wanted = rows @ torch.from_numpy(matrix.weights).T
    assert (linear(rows) - wanted).norm() < 0.01 * wanted.norm()


def logits(loaded: model.LoadedModel) -> torch.Tensor:
    backend: Any = loaded.engine._backend
    return backend.forward(IDS, backend.new_kv(len(IDS)), Event(), logits=len(IDS)).float().clone()


FORMATS: dict[str, dict[str, Any]] = {
    "gptq": {},
    "gptq, groups of 32": {"group": 32},
    "gptq, groups of 64, symmetric": {"group": 64, "symmetric": True},
    "gptq, rows": {"group": -1},
    "gptq, reordered": {"reordered": True, "symmetric": True},
    "gptq, reordered, groups of 32": {"reordered": True, "group": 32},
    "gptq, each matrix in its own order": {"reordered": True, "one_order": False},
    "gptq, rows in another order": {"reordered": True, "group": -1},
    "gptq_v2": {"layout": "gptq_v2"},
    "gptq in 8 bits": {"bits": 8, "group": 64, "symmetric": True},
    "awq": {"method": "awq"},
    "awq, groups of 32": {"method": "awq", "group": 32},
    "awq, groups of 64": {"method": "awq", "group": 64},
    "awq, rows": {"method": "awq", "group": -1},
}
HEADS = {"MHA": 4, "GQA": 2, "MQA": 1}
MODELS = [(name, "GQA") for name in FORMATS] + [
    (name, heads) for name in ("gptq, reordered", "awq") for heads in ("MHA", "MQA")
]


@pytest.mark.usefixtures("each_forward")
@pytest.mark.parametrize(("name", "heads"), MODELS)
def test_a_model_is_its_twin(name: str, heads: str, tmp_path: Path) -> None:
    """Computed in float32, it writes what the same weights as numbers write; as it is, it is as near as eight bits."""
    folder, twin = tmp_path / "model", tmp_path / "twin"
    save_quantized(folder, twin, num_key_value_heads=HEADS[heads], **FORMATS[name])
    found, wanted = load(folder), load(twin)
    assert generate(found) == generate(wanted)
    exact = logits(wanted)
    assert (logits(found) - exact).norm() < 1e-3 * exact.norm()
    as_it_is = load(folder, quantization="stored")
    error = (logits(as_it_is) - exact).norm()
    assert error < max(1.1 * (logits(load(twin, quantization="int8")) - exact).norm(), 0.1 * exact.norm())
    check_incremental(as_it_is, tolerance=0.2)


def tensors(folder: Path) -> PackedTensors:
    packing = model.inspect(folder).packing
    assert packing is not None
    return PackedTensors(folder, packing, device="cpu", dtype=None)


def test_matrices_that_read_the_same_inputs_share_their_order(tmp_path: Path) -> None:
    folder = save_quantized(tmp_path / "model", tmp_path / "twin", reordered=True)
    with tensors(folder) as found:
        both = reader_of(found, QUERY, KEY)
        together = both.stored()
        assert together is not None
        assert together.codes.shape == (512, 256)
        assert torch.equal(together.dense(), both.dense())
        assert found.stored("model.embed_tokens.weight") is None
        assert QUERY in found
        assert "model.layers.9.self_attn.q_proj.weight" not in found


def test_matrices_of_different_orders_are_numbers_together(tmp_path: Path) -> None:
    folder = save_quantized(tmp_path / "model", tmp_path / "twin", reordered=True, one_order=False)
    twin = load_file(tmp_path / "twin" / "model.safetensors")
    with tensors(folder) as found:
        assert found.stored(QUERY) is not None
        both = reader_of(found, QUERY, KEY)
        assert both.stored() is None
        assert torch.equal(both.dense(), torch.cat([twin[QUERY], twin[KEY]]))


def test_what_describes_the_model_counts_weights(tmp_path: Path) -> None:
    for method in ("gptq", "awq"):
        folder = save_quantized(tmp_path / method, tmp_path / "twin", method=method)
        found, wanted = model.inspect(folder), model.inspect(tmp_path / "twin")
        assert found.weights_format == method
        assert found.parameters == wanted.parameters
        assert found.llama == wanted.llama
        assert found.stored_bytes is not None
        assert 0.5 * found.parameters < found.stored_bytes < 2 * found.parameters
        assert wanted.stored_bytes is None


@pytest.mark.parametrize(
    ("method", "file_name", "table"),
    [
        ("gptq", "quantize_config.json", {"bits": 4, "group_size": 128, "damp_percent": 0.1, "desc_act": False}),
        ("awq", "quant_config.json", {"zero_point": True, "q_group_size": 128, "w_bit": 4, "version": "GEMM"}),
    ],
)
def test_older_repositories_say_it_in_a_file_of_its_own(
    tmp_path: Path, method: Any, file_name: str, table: dict[str, object]
) -> None:
    folder = save_quantized(tmp_path / "model", tmp_path / "twin", method=method)
    set_config(folder, quantization_config=None)
    (folder / file_name).write_text(json.dumps(table), "utf-8")
    assert generate(load(folder)) == generate(load(tmp_path / "twin"))


def test_what_tools_leave_in_the_files(tmp_path: Path) -> None:
    """Biases of zeros, no groups where they follow from their size, a matrix as it was, a table of frequencies."""
    folder = save_quantized(tmp_path / "model", tmp_path / "twin")
    path = folder / "model.safetensors"
    weights, twin = load_file(path), load_file(tmp_path / "twin" / "model.safetensors")
    stem = QUERY.removesuffix("weight")
    for part in ("qweight", "qzeros", "scales", "g_idx"):
        del weights[stem + part]
    del weights["model.layers.1.mlp.up_proj.g_idx"]
    weights |= {
        QUERY: twin[QUERY],
        "model.layers.1.mlp.up_proj.bias": torch.zeros(512, dtype=torch.float16),
        "model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(32),
    }
    save_file(weights, path, {"format": "pt"})
    for quantization in ("none", "stored"):
        assert generate(load(folder, quantization=quantization), 1) == generate(load(tmp_path / "twin"), 1)


def test_one_file_with_its_configuration_beside_it(tmp_path: Path) -> None:
    folder = save_quantized(tmp_path / "model", tmp_path / "twin", method="awq")
    path = (folder / "model.safetensors").rename(folder / "coder-awq.safetensors")
    assert generate(load(path)) == generate(load(tmp_path / "twin"))


def test_what_is_kept_is_of_the_weights_as_they_were_announced(tmp_path: Path) -> None:
    """The same words mean other weights where config.json says another format."""
    folder = save_quantized(tmp_path / "model", tmp_path / "twin", layout="gptq_v2")

    def written() -> list[int]:
        wanted = model.ModelRequest(model=str(folder), device="cpu", quantization="int4")
        plan = model.make_plan(wanted, base=folder)
        return generate(model.load_model(plan, threads=1, cache=tmp_path / "cache"))

    as_packed = written()
    with_quantization(folder, checkpoint_format="gptq")
    assert written() != as_packed
    with_quantization(folder, checkpoint_format="gptq_v2")
    assert written() == as_packed


def test_a_head_that_is_packed_too(tmp_path: Path) -> None:
    folder = save_quantized(tmp_path / "model", tmp_path / "twin", packs_head=True)
    assert generate(load(folder)) == generate(load(tmp_path / "twin"))
    check_incremental(load(folder, quantization="stored"), tolerance=0.2)
