"""Llamas in GGUF files, in every type, computed by our own forward pass: what it says of the weights that the package
gguf reads from the same file."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from gguf_models import TYPES, save_dequantized, save_llama_gguf
from seekline import model
from seekline.model.backends.llama.gguf_tensors import GgufTensors
from seekline.model.backends.llama.weights import CheckpointTensors, reader_of
from tiny_models import IDS, generate, load, save_llama

WIDE: dict[str, Any] = {"hidden_size": 256, "intermediate_size": 512, "num_attention_heads": 8}
"""Rows that are whole blocks of every type."""
TOLERANCE = 1e-3


def logits(loaded: model.LoadedModel) -> torch.Tensor:
    """Of the last of `IDS`."""
    backend: Any = loaded.engine._backend
    return torch.as_tensor(backend.forward(IDS, backend.new_kv(len(IDS)), Event())[-1]).float()


def check_same(folder: Path, gguf: Path) -> None:
    """Compares with a folder of the dequantized weights: logits within a thousandth of their spread, and tokens."""
    reference = load(save_dequantized(folder, gguf, gguf.with_suffix("")), quantization="none")
    read = load(gguf, quantization="none")
    wanted, found = logits(reference), logits(read)
    assert (found - wanted).abs().max() <= TOLERANCE * (wanted.max() - wanted.min())
    assert generate(read, 24) == generate(reference, 24)


@pytest.mark.usefixtures("each_forward")
@pytest.mark.parametrize("kv_heads", [8, 2, 1], ids=["MHA", "GQA", "MQA"])
@pytest.mark.parametrize("kind", TYPES)
def test_every_type(tmp_path: Path, kind: str, kv_heads: int) -> None:
    folder = save_llama(tmp_path / "model", **WIDE, num_key_value_heads=kv_heads)
    check_same(folder, save_llama_gguf(folder, tmp_path / "read.gguf", kind))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_llama(tmp_path_factory.mktemp("wide") / "model", **WIDE, num_key_value_heads=2)


def mixed(name: str) -> str:
    """The types of a "Q4_K_M" whose rows no block of 256 divides everywhere."""
    if "attn_v" in name or "ffn_down" in name:
        return "Q6_K"
    if "attn_output" in name:
        return "Q5_0"
    return "Q8_0" if name == "output.weight" else "Q4_K"


def test_a_mixture_of_types(folder: Path, tmp_path: Path) -> None:
    check_same(folder, save_llama_gguf(folder, tmp_path / "mixed.gguf", mixed))


def test_without_a_matrix_for_the_output(tmp_path: Path) -> None:
    tied = save_llama(tmp_path / "model", **WIDE, tie_word_embeddings=True)
    gguf = save_llama_gguf(tied, tmp_path / "tied.gguf", "Q8_0")
    llama = model.inspect(gguf).llama
    assert llama is not None
    assert llama.tied
    check_same(tied, gguf)


def test_heads_of_their_own_size(tmp_path: Path) -> None:
    other = save_llama(tmp_path / "model", **WIDE, head_dim=64)
    check_same(other, save_llama_gguf(other, tmp_path / "other.gguf", "Q8_0"))


@pytest.mark.parametrize("name", ["model.layers.1.self_attn.q_proj.weight", "model.layers.0.self_attn.k_proj.weight"])
def test_rows_are_in_transformers_order(folder: Path, tmp_path: Path, name: str) -> None:
    gguf = save_llama_gguf(folder, tmp_path / "exact.gguf", "F32")
    config = model.inspect(gguf).llama
    assert config is not None
    with (
        GgufTensors(gguf, config, device="cpu", dtype=None) as read,
        CheckpointTensors(folder, device="cpu", dtype=None) as wanted,
    ):
        assert torch.equal(read.get(name), wanted.get(name))
        assert read.stored(name) is None
        assert name in read


def test_codes_are_stacked_where_their_groups_agree(folder: Path, tmp_path: Path) -> None:
    gguf = save_llama_gguf(folder, tmp_path / "mixed.gguf", mixed)
    config = model.inspect(gguf).llama
    assert config is not None
    parts = [f"model.layers.0.self_attn.{part}_proj.weight" for part in "qkv"]
    with GgufTensors(gguf, config, device="cpu", dtype=None) as read:
        two, three = reader_of(read, *parts[:2]), reader_of(read, *parts)
        together = two.stored()
        assert together is not None
        assert torch.equal(together.dense(), two.dense())
        assert three.stored() is None, "Q6_K has groups of 16, Q4_K of 32"
        assert three.dense().shape == (256 + 2 * 64, 256)
        read.check_unchanged()


def test_a_file_that_is_written_to_while_it_is_read(folder: Path, tmp_path: Path) -> None:
    gguf = save_llama_gguf(folder, tmp_path / "model.gguf", "Q8_0")
    config = model.inspect(gguf).llama
    assert config is not None
    with GgufTensors(gguf, config, device="cpu", dtype=None) as read:
        gguf.write_bytes(gguf.read_bytes()[:-100_000])
        with pytest.raises(model.BrokenCheckpoint, match="was changed while it was read"):
            reader_of(read, "model.norm.weight", "lm_head.weight").dense()
        with pytest.raises(model.BrokenCheckpoint, match="was changed while it was read"):
            read.check_unchanged()
