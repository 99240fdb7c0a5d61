"""What is found out of a GGUF file before anything is loaded: a Llama of ours, another's, or one that lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf_models import TYPES, save_llama_gguf, write_gguf
from seekline import model
from seekline.model.backends.llama.gguf_types import FLOATS, QUANTIZED
from seekline.model.catalogue.gguf_llama import FLOAT_TYPES, READABLE_TYPES
from tiny_models import add_tokenizer, generate, load, save_llama

Tensors = dict[str, tuple[np.ndarray, str]]
MATRIX = np.ones((8, 64), dtype=np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_llama(tmp_path_factory.mktemp("llama") / "model", num_key_value_heads=2)


def test_the_types_are_those_that_are_unpacked() -> None:
    assert frozenset(TYPES) == READABLE_TYPES == {*FLOATS, *QUANTIZED}
    assert frozenset(FLOATS) == FLOAT_TYPES


def test_the_sizes_of_a_llama(folder: Path, tmp_path: Path) -> None:
    found = model.inspect(save_llama_gguf(folder, tmp_path / "model.gguf", "Q8_0"))
    wanted = model.inspect(folder)
    assert found.llama is not None
    assert wanted.llama is not None
    assert found.llama.norm_epsilon == pytest.approx(wanted.llama.norm_epsilon)
    assert replace(found.llama, norm_epsilon=wanted.llama.norm_epsilon) == wanted.llama
    assert found.llama.rope_factor == 4
    for name in ("model_type", "parameters", "context_tokens", "kv_bytes_per_token", "vocabulary", "has_own_code"):
        assert getattr(found, name) == getattr(wanted, name), name
    assert found.weights_format == "gguf"
    assert found.stored_bytes is not None
    assert found.stored_bytes < found.parameters * 1.1
    assert model.inspect(save_llama_gguf(folder, tmp_path / "floats.gguf", "BF16")).stored_bytes is None


@pytest.mark.parametrize(
    ("entries", "factor"),
    [
        ({}, 4),
        ({"rope.scaling.type": None}, 4),
        ({"rope.scaling.type": "none"}, 1),
        ({"rope.scaling.factor": None, "rope.scale_linear": 4.0}, 4),
        ({"rope.scaling.type": None, "rope.scaling.factor": None, "rope.scale_linear": 2.0}, 2),
        ({"rope.scaling.factor": 0.0}, 1),
        ({"rope.scaling.factor": None}, 1),
    ],
    ids=str,
)
def test_scaled_positions(folder: Path, tmp_path: Path, entries: dict[str, Any], factor: float) -> None:
    metadata = {f"llama.{key}": value for key, value in entries.items()}
    llama = model.inspect(save_llama_gguf(folder, tmp_path / "model.gguf", metadata=metadata)).llama
    assert llama is not None
    assert llama.rope_factor == factor


def test_sizes_layer_by_layer_that_are_all_the_same(folder: Path, tmp_path: Path) -> None:
    metadata = {"llama.attention.head_count": [4, 4], "llama.feed_forward_length": [128, 128]}
    assert model.inspect(save_llama_gguf(folder, tmp_path / "model.gguf", metadata=metadata)).llama is not None


def another(name: str, values: np.ndarray = MATRIX, kind: str = "F32") -> Callable[[Tensors], None]:
    """Adds a tensor, or puts another in the place of one."""

    def change(tensors: Tensors) -> None:
        tensors[name] = values, kind

    return change


NOT_OURS: dict[str, tuple[dict[str, Any], Callable[[Tensors], None]]] = {
    "YaRN": ({"llama.rope.scaling.type": "yarn"}, lambda _: None),
    "Llama 3's scaling": ({}, another("rope_freqs.weight", np.ones(8, dtype=np.float32))),
    "a bias": ({}, another("blk.0.attn_q.bias", np.ones(64, dtype=np.float32))),
    "experts": ({"llama.expert_count": 8}, lambda _: None),
    "half of a head in turn": ({"llama.rope.dimension_count": 8}, lambda _: None),
    "other heads in each layer": ({"llama.attention.head_count": [4, 2]}, lambda _: None),
    "values of another size": ({"llama.attention.value_length": 8}, lambda _: None),
    "a type that only llama.cpp knows": ({}, another("blk.0.ffn_up.weight", np.ones((128, 64), np.float32), "IQ4_NL")),
}


@pytest.mark.parametrize("variation", NOT_OURS)
def test_variations_are_left_to_llama_cpp(folder: Path, tmp_path: Path, variation: str) -> None:
    metadata, change = NOT_OURS[variation]
    found = model.inspect(save_llama_gguf(folder, tmp_path / "model.gguf", metadata=metadata, change=change))
    assert found.llama is None
    assert found.model_type == "llama"
    assert found.context_tokens == 512


@pytest.mark.parametrize(
    ("architecture", "entries", "kv_bytes"),
    [
        ("qwen2", {"attention.head_count": 4, "attention.head_count_kv": 2}, 2 * 3 * 2 * (16 + 16)),
        ("starcoder2", {"attention.head_count": 4, "attention.head_count_kv": 1}, 2 * 3 * 1 * (16 + 16)),
        ("mpt", {"attention.head_count": 4}, 2 * 3 * 4 * (16 + 16)),
        (
            "deepseek2",
            {
                "attention.head_count": 4,
                "attention.head_count_kv": 4,
                "attention.key_length": 24,
                "attention.value_length": 16,
            },
            2 * 3 * 4 * (24 + 16),
        ),
        ("lfm2", {"attention.head_count": 4, "attention.head_count_kv": [0, 2, 0]}, 2 * 2 * (16 + 16)),
        ("mamba", {}, 0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_architectures(tmp_path: Path, architecture: str, entries: dict[str, Any], kv_bytes: int) -> None:
    sizes = {"block_count": 3, "context_length": 16384, "embedding_length": 64}
    metadata = {f"{architecture}.{key}": value for key, value in {**sizes, **entries}.items()}
    tensors: Tensors = {"token_embd.weight": (MATRIX, "Q8_0"), "blk.0.any.weight": (MATRIX, "IQ4_NL")}
    found = model.inspect(write_gguf(tmp_path / "model.gguf", architecture, metadata, tensors))
    assert found.model_type == architecture
    assert found.llama is None
    assert found.context_tokens == 16384
    assert found.kv_bytes_per_token == kv_bytes
    assert found.vocabulary == 8
    assert found.parameters == 2 * 8 * 64
    assert found.stored_bytes == 2 * 8 * 34 + 2 * 8 * 18


def test_a_folder_with_one_file_stands_for_it(folder: Path, tmp_path: Path) -> None:
    file = save_llama_gguf(folder, tmp_path / "only.gguf", "Q8_0")
    (tmp_path / "README.md").touch()
    found = model.inspect(tmp_path)
    assert found == model.inspect(file)
    assert found.path == file
    assert generate(load(tmp_path)) == generate(load(file))


def test_a_folder_with_several_files(folder: Path, tmp_path: Path) -> None:
    for name in ("a.Q4_0.gguf", "a.Q8_0.gguf"):
        save_llama_gguf(folder, tmp_path / name)
    with pytest.raises(model.BrokenCheckpoint, match=r"holds 2 models, 'a\.Q4_0\.gguf', 'a\.Q8_0\.gguf'") as caught:
        model.inspect(tmp_path)
    assert "Name one" in caught.value.remedy
    assert model.inspect(tmp_path / "a.Q4_0.gguf").llama is not None


def test_safetensors_in_a_folder_go_before_gguf_files(tmp_path: Path) -> None:
    copy = save_llama(tmp_path / "model")
    save_llama_gguf(copy, copy / "q4_0.gguf", "Q4_0")
    assert model.inspect(copy).weights_format == "safetensors"


def test_a_file_that_is_a_link_out_of_its_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "a.gguf").symlink_to(save_llama_gguf(folder, tmp_path / "a.gguf"))
    with pytest.raises(model.BrokenCheckpoint, match="is a link out of its folder"):
        model.inspect(tmp_path / "model")


def test_a_link_leads_to_a_file_without_an_ending(folder: Path, tmp_path: Path) -> None:
    """As in the hub's cache, and in Ollama's: the file that is there is named by its checksum."""
    blob = save_llama_gguf(folder, tmp_path / "a.gguf").rename(tmp_path / "9f86d081")
    link = tmp_path / "model.gguf"
    link.symlink_to(blob)
    [source] = model.find_sources(str(link), base=tmp_path)
    assert source.path == blob
    assert model.inspect(blob).weights_format == "gguf"
    assert generate(load(blob))
    (tmp_path / "notes").write_text("GGML")
    with pytest.raises(model.UnknownModel, match="neither a folder nor"):
        model.find_sources(str(tmp_path / "notes"), base=tmp_path)


def without(name: str) -> Callable[[Tensors], None]:
    def change(tensors: Tensors) -> None:
        del tensors[name]

    return change


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, dtype=np.float32)


TENSORS: dict[str, tuple[Callable[[Tensors], None], str]] = {
    "no embedding": (without("token_embd.weight"), "lack token_embd.weight"),
    "no norm": (without("output_norm.weight"), "lack output_norm.weight"),
    "a layer's matrix is missing": (without("blk.1.ffn_down.weight"), "lack blk.1.ffn_down.weight"),
    "a tensor too many": (another("blk.2.ffn_down.weight"), "has the tensor 'blk.2.ffn_down.weight'"),
    "a path as a name": (another("../../../etc/passwd"), "has the tensor '../../../etc/passwd'"),
    "a bell in a name": (another("\x07\n"), r"has the tensor '\x07\n'"),
    "another's embedding": (another("token_embd.weight", ones(9, 32)), "token_embd.weight"),
    "a shape turned round": (another("blk.0.ffn_up.weight", ones(64, 128)), "blk.0.ffn_up.weight"),
    "a matrix as a row": (another("blk.0.ffn_up.weight", ones(128 * 64)), "has the shape (8192,) of F32"),
    "a norm of another size": (another("blk.0.attn_norm.weight", ones(32)), "has the shape (32,) of F32"),
    "a quantized norm": (another("blk.0.attn_norm.weight", ones(64), "Q8_0"), "has the shape (64,) of Q8_0"),
    "an output of other tokens": (another("output.weight", ones(32, 64)), "output.weight"),
}


@pytest.mark.parametrize("fault", TENSORS)
def test_tensors_that_are_not_those_of_the_sizes(folder: Path, tmp_path: Path, fault: str) -> None:
    change, said = TENSORS[fault]
    check_refused(save_llama_gguf(folder, tmp_path / "model.gguf", change=change), said)


def check_refused(path: Path, said: str) -> None:
    """Asks what the file is, and loads it: both are one clear error."""
    for read in (model.inspect, load):
        with pytest.raises(model.BrokenCheckpoint) as caught:
            read(path)
        assert said in caught.value.problem
        assert "model.gguf" in caught.value.problem
        assert caught.value.problem.isprintable()
        assert caught.value.remedy


ENTRIES: dict[str, tuple[dict[str, Any], str]] = {
    "no layers": ({"llama.block_count": None}, "'block_count'"),
    "0 layers": ({"llama.block_count": 0}, "'block_count'"),
    "layers without end": ({"llama.block_count": 4_000_000_000}, "'block_count'"),
    "layers that are not there": ({"llama.block_count": 1000}, "lack blk.2.attn_norm.weight"),
    "fewer layers": ({"llama.block_count": 1}, "has the tensor 'blk.1."),
    "0 heads": ({"llama.attention.head_count": 0}, "'attention.head_count"),
    "heads that do not divide": ({"llama.attention.head_count": 3}, "which do not divide"),
    "a width without end": ({"llama.embedding_length": 4_000_000_000}, "'embedding_length'"),
    "a text as a size": ({"llama.feed_forward_length": "128"}, "'feed_forward_length"),
    "no epsilon": ({"llama.attention.layer_norm_rms_epsilon": None}, "'attention.layer_norm_rms_epsilon'"),
    "epsilon that is no number": (
        {"llama.attention.layer_norm_rms_epsilon": float("nan")},
        "'attention.layer_norm_rms_epsilon'",
    ),
    "a negative base": ({"llama.rope.freq_base": -1.0}, "'rope.freq_base'"),
    "an infinite factor": ({"llama.rope.scaling.factor": float("inf")}, "'rope.scaling.factor'"),
    "a context of nothing": ({"llama.context_length": 0}, "'context_length'"),
    "an adapter": ({"general.type": "adapter"}, "holds no model: its type is 'adapter'"),
}


@pytest.mark.parametrize("fault", ENTRIES)
def test_entries_that_no_model_has(folder: Path, tmp_path: Path, fault: str) -> None:
    metadata, said = ENTRIES[fault]
    check_refused(save_llama_gguf(folder, tmp_path / "model.gguf", metadata=metadata), said)


def test_a_context_beyond_reason_costs_no_memory(folder: Path, tmp_path: Path) -> None:
    path = save_llama_gguf(folder, tmp_path / "model.gguf", metadata={"llama.context_length": 4_000_000_000})
    assert model.inspect(path).context_tokens == 1 << 20


@pytest.mark.parametrize("name", ["blk.1.ffn_down.weight", "blk.0.attn_norm.weight", "token_embd.weight"])
@pytest.mark.parametrize("kind", ["F32", "F16", "Q4_1", "Q8_0"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers(folder: Path, tmp_path: Path, name: str, kind: str, value: float) -> None:
    path = save_llama_gguf(folder, tmp_path / "model.gguf", kind)
    found = next(tensor for key, tensor in gguf_tensors(path).items() if key == name)
    with path.open("r+b") as file:
        file.seek(found.start)
        file.write(np.array([value], dtype=np.float32 if found.dtype == "F32" else np.float16).tobytes())
    assert model.inspect(path).llama is not None
    for quantization in ("none", "auto"):
        with pytest.raises(model.BrokenCheckpoint, match="no finite numbers") as caught:
            load(path, quantization=quantization)
        assert name in caught.value.problem


def gguf_tensors(path: Path) -> Any:
    from seekline.model.catalogue.gguf_file import read_gguf_header

    return read_gguf_header(path).tensors


def test_files_that_hold_no_model(folder: Path, tmp_path: Path) -> None:
    vocabulary = save_llama_gguf(folder, tmp_path / "model.gguf", change=lambda tensors: tensors.clear())
    check_refused(vocabulary, "has no weights")
    content = vocabulary.read_bytes()
    vocabulary.write_bytes(content.replace(b"general.architecture", b"general.architect_ur"))
    check_refused(vocabulary, "'general.architecture'")


def test_a_gguf_beside_a_config_json_needs_none(folder: Path, tmp_path: Path) -> None:
    path = save_llama_gguf(folder, tmp_path / "model.gguf")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": 3}), "utf-8")
    add_tokenizer(tmp_path)
    assert model.inspect(path).llama is not None
