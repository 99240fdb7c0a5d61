"""A packed model is loaded without being quantized again, writes the same, and is refused for any other model."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from quantized_models import save_quantized
from seekline import model
from seekline.model.backends.llama.store import QuantizedStore
from seekline.model.loading.packed import unpack
from tiny_models import generate, save_llama


@pytest.fixture
def llama(tmp_path: Path) -> Path:
    return save_llama(tmp_path / "model", hidden_size=128, intermediate_size=256)


def planned(folder: Path, packed: Path | None = None, quantization: model.Quantization = "int4") -> model.Plan:
    request = model.ModelRequest(model=str(folder), device="cpu", quantization=quantization, packed=packed)
    return model.make_plan(request, base=folder)


def packed(folder: Path, cache: Path, to: Path, quantization: model.Quantization = "int4") -> list[int]:
    """Packs a model; what it writes."""
    plan = planned(folder, quantization=quantization)
    written = generate(model.load_model(plan, threads=1, cache=cache))
    model.pack(plan, cache, to, threads=1)
    return written


def test_what_was_packed_is_not_quantized_again(llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "packed.safetensors"
    written = packed(llama, tmp_path / "cache", file)
    elsewhere = Path(shutil.copytree(llama, tmp_path / "another machine"))

    def refuse(self: QuantizedStore, name: str, *tensors: object) -> None:
        raise AssertionError(f"{name} is quantized again")

    monkeypatch.setattr(QuantizedStore, "put", refuse)
    loaded = model.load_model(planned(elsewhere, file), threads=1, cache=tmp_path / "another cache")
    assert generate(loaded) == written
    assert len(list((tmp_path / "another cache").iterdir())) == 1
    again = model.load_model(planned(elsewhere), threads=1, cache=tmp_path / "another cache")
    assert generate(again) == written, "the cache has them from then on"


@pytest.mark.skipif(not model.is_compiled(), reason="torch keeps nothing of what a file has quantized")
def test_a_quantized_file_is_packed_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GPTQ's, in its own order: how config.json says that weights are packed counts, too."""
    gptq = save_quantized(tmp_path / "model", tmp_path / "twin", reordered=True)
    file = tmp_path / "packed.safetensors"
    written = packed(gptq, tmp_path / "cache", file, "stored")
    monkeypatch.setattr("seekline.model.backends.llama.packed_tensors.PackedTensors.stored", None)
    loaded = model.load_model(planned(gptq, file, "stored"), threads=1, cache=tmp_path / "another cache")
    assert generate(loaded) == written, "and no matrix of it was unpacked again"


def test_other_weights_are_refused(llama: Path, tmp_path: Path) -> None:
    file = tmp_path / "packed.safetensors"
    packed(llama, tmp_path / "cache", file)
    other = save_llama(tmp_path / "other", seed=1, hidden_size=128, intermediate_size=256)
    with pytest.raises(model.BrokenCheckpoint, match="packed from other weights") as caught:
        unpack(planned(other), file, tmp_path / "new")
    assert "seekline models pack" in caught.value.remedy
    with pytest.raises(model.BrokenCheckpoint, match="is quantized with"):
        unpack(planned(llama, quantization="int8"), file, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("content", [b"", b"no tensors", b"\x02\0\0\0\0\0\0\0{}"])
def test_what_is_no_packed_model(llama: Path, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "packed.safetensors"
    file.write_bytes(content)
    with pytest.raises(model.BrokenCheckpoint):
        unpack(planned(llama), file, tmp_path / "new")
    with pytest.raises(model.BrokenCheckpoint, match="is no packed model"):
        unpack(planned(llama), llama / "model.safetensors", tmp_path / "new")


def test_a_damaged_one_is_quantized_again(llama: Path, tmp_path: Path) -> None:
    file = tmp_path / "packed.safetensors"
    written = packed(llama, tmp_path / "cache", file)
    content = bytearray(file.read_bytes())
    content[-50] ^= 255
    file.write_bytes(content)
    assert generate(model.load_model(planned(llama, file), threads=1, cache=tmp_path / "new")) == written


def test_nothing_is_packed_of_what_is_not_quantized(llama: Path, tmp_path: Path) -> None:
    plan = planned(llama, quantization="none")
    with pytest.raises(model.UnsupportedQuantization, match="nothing to pack"):
        model.pack(plan, tmp_path / "cache", tmp_path / "file", threads=1)
    assert not (tmp_path / "file").exists()


def test_a_file_that_cannot_be_written(llama: Path, tmp_path: Path) -> None:
    with pytest.raises(model.BrokenCheckpoint, match="cannot be written"):
        packed(llama, tmp_path / "cache", tmp_path / "no folder" / "file")
