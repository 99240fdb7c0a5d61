"""A folder is looked at before anything in it is loaded; what is wrong with it is named."""

import json
import pickle
import shutil
from pathlib import Path

import pytest
from seekline import model


@pytest.fixture
def folder(llama_folder: Path, tmp_path: Path) -> Path:
    """A copy of a whole model, to be damaged."""
    return Path(shutil.copytree(llama_folder, tmp_path / "model"))


def test_a_whole_model(llama_folder: Path) -> None:
    checkpoint = model.inspect(llama_folder)
    assert checkpoint.model_type == "llama"
    assert checkpoint.context_tokens == 512
    assert checkpoint.kv_bytes_per_token == 2 * 2 * 2 * 4 * 16
    assert checkpoint.parameters == 2 * 4096 * 64 + 2 * (4 * 64 * 64 + 3 * 64 * 128 + 2 * 64) + 64
    assert not checkpoint.has_own_code


def test_the_embedded_model() -> None:
    checkpoint = model.inspect(model.embedded_folder())
    entry = model.all_entries()[model.EMBEDDED]
    assert checkpoint.parameters == entry.parameters
    assert checkpoint.context_tokens == entry.context_tokens
    assert checkpoint.kv_bytes_per_token == entry.kv_bytes_per_token
    assert sum(path.stat().st_size for path in model.embedded_folder().iterdir()) <= 16_000_000


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(model.BrokenCheckpoint, match="is not a folder"):
        model.inspect(tmp_path / "nothing")


def test_no_configuration(folder: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(model.BrokenCheckpoint, match=r"no config\.json"):
        model.inspect(folder)


@pytest.mark.parametrize("text", ["{", "[]", "\xff"])
def test_a_configuration_that_is_no_json_object(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text, "latin-1")
    with pytest.raises(model.BrokenCheckpoint, match="is not"):
        model.inspect(folder)


def test_weights_cut_short(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(model.BrokenCheckpoint, match="its header announces") as caught:
        model.inspect(folder)
    assert "cut short" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"no tensors here", b"\xff" * 64])
def test_weights_that_are_no_safetensors(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(model.BrokenCheckpoint, match="no safetensors file"):
        model.inspect(folder)


@pytest.mark.parametrize("content", [b"PK\x03\x04 an archive", pickle.dumps({}), pickle.dumps({}, protocol=2)])
def test_a_pickle_by_another_name(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(model.UnsafeWeights, match="a pickle by the name of a safetensors file"):
        model.inspect(folder)


def test_half_a_download(folder: Path) -> None:
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    with pytest.raises(model.BrokenCheckpoint, match="lacks 1 of 2 weight files, model-00002"):
        model.inspect(folder)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt"])
def test_a_pickle_is_refused(folder: Path, name: str) -> None:
    (folder / "model.safetensors").rename(folder / name)
    with pytest.raises(model.UnsafeWeights, match=name):
        model.inspect(folder)


def test_a_file_that_is_only_called_gguf(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model.gguf")
    with pytest.raises(model.BrokenCheckpoint, match=r"model\.gguf is no GGUF file"):
        model.inspect(folder)


def test_no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(model.BrokenCheckpoint, match=r"no model\.safetensors"):
        model.inspect(folder)
