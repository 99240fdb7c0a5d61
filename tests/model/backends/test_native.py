"""The forward pass in C: its products against what their codes stand for, its layers against those in torch."""

from __future__ import annotations

import json
import re
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest
import torch
from seekline import model
from seekline.model import native
from seekline.model.backends.llama import native_structures, quantization
from seekline.model.backends.llama.kv_cache import LlamaKVCache
from seekline.model.backends.llama.model_loader import load_llama
from seekline.model.backends.llama.native_forward import NativeLlama
from seekline.model.backends.llama.native_matrices import PackedMatrix, WeightFormat, pack
from tiny_models import VOCABULARY, load, save_llama

pytestmark = pytest.mark.skipif(
    not native_structures.is_compiled(), reason="the C code is not compiled here, or not for this processor"
)
IDS = torch.arange(10, 90)


def matrix(outputs: int, inputs: int) -> torch.Tensor:
    return torch.randn(outputs, inputs, generator=torch.Generator().manual_seed(outputs + inputs)) * 0.02


def meant(weight: torch.Tensor, bits: int | None) -> torch.Tensor:
    """The matrix that a packed one stands for."""
    if bits == 4:
        return quantization.from_codes(*quantization.int4_codes(weight))
    return weight if bits is None else quantization.from_codes(*quantization.int8_codes(weight), middle=0)


def kv_of(network: NativeLlama, tokens: int = 256) -> LlamaKVCache:
    return LlamaKVCache(network.config, tokens, device="cpu", dtype=network.dtype)


def network_of(folder: Path, *, bits: Any = None, threads: int = 1) -> NativeLlama:
    shape = model.inspect(folder).llama
    assert shape is not None
    loaded = load_llama(
        folder, shape, device="cpu", dtype=torch.float32, bits=bits, threads=threads, cache=folder / "cache"
    )
    assert isinstance(loaded.network, NativeLlama)
    return loaded.network


def run(network: NativeLlama, ids: torch.Tensor, kv: LlamaKVCache, *, logits: int | None = None) -> torch.Tensor:
    found = network.forward(ids, kv, logits=logits or len(ids), cancel=Event())
    kv.length += len(ids)
    return found[:, :VOCABULARY]


@pytest.mark.parametrize("bits", [4, 8, None])
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 7, 40])
def test_products(rows: int, bits: int | None) -> None:
    weight, batch = matrix(96, 192), torch.randint(-127, 128, (rows, 192)).float()
    batch[:, ::32] = 127  # so that the scale of each half of a group is 1 ...
    batch[:, :64] *= 100  # ... or 100, and nothing is lost by rounding
    exact = batch @ meant(weight, bits).T
    assert torch.allclose(pack(weight, bits)(batch), exact, atol=1e-5 * float(exact.abs().max()))


def test_what_rounding_the_rows_costs() -> None:
    weight, batch = matrix(256, 512), torch.randn(8, 512)
    exact = batch @ meant(weight, 4).T
    assert float((pack(weight, 4)(batch) - exact).norm() / exact.norm()) < 0.01


@pytest.mark.parametrize("bits", [4, 8, None])
def test_a_row_does_not_depend_on_the_rows_beside_it(bits: int | None) -> None:
    """So drafts, chunks and single tokens give the same, bit by bit."""
    product, batch = pack(matrix(48, 128), bits), torch.randn(11, 128)
    batch[4] *= 1000
    batch[5] = 0
    whole = product(batch)
    assert torch.equal(torch.cat([product(row[None]) for row in batch]), whole)
    assert torch.equal(product(batch[3:9]), whole[3:9])


@pytest.mark.parametrize("bits", [4, 8])
def test_extreme_codes_do_not_overflow(bits: int) -> None:
    weight = torch.ones(16, 256)
    weight[:, ::64] = -1  # so that all others have the largest code
    batch = torch.full((5, 256), 3.0)
    assert torch.allclose(pack(weight, bits)(batch), batch @ meant(weight, bits).T, rtol=1e-3)


def test_weights_that_bfloat16_holds_exactly_take_half_the_memory() -> None:
    weight = matrix(32, 64)
    assert pack(weight, None).format == WeightFormat.FLOAT32
    halved = pack(weight.bfloat16(), None)
    assert halved.format == WeightFormat.BFLOAT16
    assert halved.data.nbytes == weight.nbytes // 2
    assert torch.equal(halved(torch.eye(64)).T, weight.bfloat16().float())


@pytest.mark.parametrize("format", [f for f in WeightFormat if "BY_32" not in f.name])
def test_outputs_are_filled_up_to_whole_tiles(format: WeightFormat) -> None:
    bits = {WeightFormat.INT4: 4, WeightFormat.INT8: 8}.get(format)
    weight = matrix(21, 128).to(torch.bfloat16 if format == WeightFormat.BFLOAT16 else torch.float32)
    packed = pack(weight, bits)
    assert (packed.format, packed.outputs, packed.inputs) == (format, 32, 128)
    assert packed(torch.randn(2, 128))[:, 21:].abs().max() < 1e-6


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"num_key_value_heads": 2},
        {"num_key_value_heads": 1},
        {"head_dim": 32, "hidden_size": 128, "intermediate_size": 320, "vocab_size": 4100},
    ],
    ids=["mha", "gqa", "mqa", "wide heads"],
)
@pytest.mark.parametrize("threads", [1, 3])
def test_layers_compute_what_torch_computes(
    tmp_path: Path, shape: dict[str, int], threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NativeLlama, "_fastest", lambda _, most: most)
    folder = save_llama(tmp_path, **shape)
    network = network_of(folder, threads=threads)
    with monkeypatch.context() as patch:
        patch.setattr("seekline.model.backends.llama.model_loader.runs_natively", lambda _: False)
        reference: Any = load(folder).engine._backend
    wanted = reference.forward(IDS.tolist(), reference.new_kv(256), Event(), logits=80)
    kv = kv_of(network)
    parts = [run(network, part, kv) for part in IDS.split([1, 2, 50, 4, 1, 22])]
    assert torch.allclose(torch.cat(parts)[:, : wanted.shape[1]], wanted, atol=2e-4 * float(wanted.abs().max()))
    kv = kv_of(network)
    assert torch.equal(run(network, IDS, kv), torch.cat(parts)), "however the tokens come"


@pytest.mark.parametrize("bits", [4, 8])
def test_quantized_layers(tmp_path: Path, bits: int) -> None:
    """Against the same layers over the matrices that the codes stand for: what rounding the rows costs is little."""
    folder = save_llama(tmp_path, hidden_size=128, initializer_range=0.05)
    network, exact = network_of(folder, bits=bits), network_of(folder)
    for number, layer in enumerate(exact._matrices):
        coded = network._matrices[number]
        weight = layer(torch.eye(layer.inputs)).T
        own = 4 if coded.format == WeightFormat.INT4 else 8
        exact._matrices[number] = pack(meant(weight, own), None)
    exact_struct = exact._struct
    names = ("qkv", "output", "gate_up", "down")
    for number, packed in enumerate(exact._matrices[:-1]):
        setattr(exact_struct.layer[number // 4], names[number % 4], packed.struct())
    exact_struct.head = exact._matrices[-1].struct()
    found, wanted = run(network, IDS, kv_of(network)), run(exact, IDS, kv_of(exact))
    assert float((found - wanted).std() / wanted.std()) < 0.03
    assert network.dtype == torch.float16, "of keys and values"


@pytest.mark.parametrize("threads", [1, 2])
def test_a_cancel_ends_a_pass_soon_and_leaves_what_was_there(
    tmp_path: Path, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NativeLlama, "_fastest", lambda _, most: most)
    network = network_of(save_llama(tmp_path, num_hidden_layers=60, max_position_embeddings=4096), threads=threads)
    kv, cancel = kv_of(network, 4000), Event()
    ids = torch.arange(3000) % 4000
    before = run(network, ids[:64], kv, logits=1)
    timer = Timer(0.01, cancel.set)
    timer.start()
    with pytest.raises(model.Cancelled):
        network.forward(ids, kv, logits=1, cancel=cancel)
    kv.rewind(0)
    assert torch.equal(run(network, ids[:64], kv, logits=1), before)


def test_there_is_no_way_out_of_memory_that_is_there(tmp_path: Path) -> None:
    """What would make C read or write elsewhere is refused before."""
    network = network_of(save_llama(tmp_path))
    kv = kv_of(network, 100)
    kv.length = 50
    with pytest.raises(ValueError, match="no room"):
        run(network, IDS, kv)
    with pytest.raises(ValueError, match="logits"):
        run(network, IDS[:2], kv, logits=3)
    with pytest.raises(IndexError):
        run(network, torch.tensor([VOCABULARY]), kv)


def test_matrices_of_another_shape_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_llama(tmp_path)
    monkeypatch.setattr("seekline.model.backends.llama.model_loader.pack", lambda *_: pack(matrix(64, 64), None))
    with pytest.raises(model.BrokenCheckpoint, match="stands for"):
        load(folder)


def test_sizes_that_do_not_fill_the_vectors_are_computed_by_torch(tmp_path: Path) -> None:
    folder = save_llama(tmp_path, hidden_size=72, num_attention_heads=6, num_key_value_heads=6)
    shape = model.inspect(folder).llama
    assert shape is not None
    assert not native_structures.runs_natively(shape)
    assert len(list(load(folder).engine.generate(IDS.tolist(), max_new_tokens=4, cancel=Event()))) == 4


def test_more_heads_for_keys_than_for_queries_are_left_to_torch_to_refuse(tmp_path: Path) -> None:
    folder = save_llama(tmp_path)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "num_key_value_heads": 8}), "utf-8")
    with pytest.raises((model.BrokenCheckpoint, RuntimeError)):
        list(load(folder).engine.generate(IDS.tolist(), max_new_tokens=4, cancel=Event()))


@pytest.mark.parametrize("value", [1e-38, 0.0, 1e30])
def test_values_beyond_what_scales_hold_stay_finite(value: float) -> None:
    found = pack(matrix(16, 64), 4)(torch.full((2, 64), value))
    assert torch.isfinite(found).all()
    assert bool(found.abs().max() > 0) == (value > 1e-30)


def test_threads_that_never_come_leave_no_others_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the system has no more threads: the error comes, and the next call computes."""
    monkeypatch.setattr(NativeLlama, "_fastest", lambda _, most: most)
    network = network_of(save_llama(tmp_path), threads=3)
    wanted = run(network, IDS, kv_of(network))
    submit, asked = network._pool.submit, list[int]()

    def second_fails(*arguments: Any) -> Any:
        asked.append(1)
        if len(asked) == 2:
            raise RuntimeError("can't start new thread")
        return submit(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(network._pool, "submit", second_fails)
        with pytest.raises(RuntimeError, match="new thread"):
            run(network, IDS, kv_of(network))
    assert torch.equal(run(network, IDS, kv_of(network)), wanted)


def test_the_c_structures_are_those_of_python() -> None:
    """Fields that are out of step would be read as other fields."""
    files = Path(native.__path__[0]).glob("*.[ch]")
    source = re.sub(r"/\*.*?\*/", "", "".join(path.read_text("utf-8") for path in files), flags=re.DOTALL)
    assert f"TILE = {native_structures.TILE}, GROUP = {native_structures.GROUP}," in source
    assert f"enum format {{ {', '.join(WeightFormat.__members__)} }}" in source
    structures = (
        native_structures.Matrix,
        native_structures.Rows,
        native_structures.Layer,
        native_structures.Network,
        native_structures.Call,
    )
    for struct in structures:
        (body,) = (
            part.rpartition("typedef struct {")[2] for part in source.split(f"}} {struct.__name__.lower()};")[:-1]
        )
        assert re.findall(r"(\w+)(?=\s*[,;])", body) == [name for name, *_ in struct._fields_]


def test_packed_matrices_of_a_store_are_used_where_they_lie(tmp_path: Path) -> None:
    folder = save_llama(tmp_path)
    first, second = (network_of(folder, bits=4) for _ in range(2))
    for one, other in zip(first._matrices, second._matrices, strict=True):
        assert isinstance(other, PackedMatrix)
        assert torch.equal(one.data, other.data)
