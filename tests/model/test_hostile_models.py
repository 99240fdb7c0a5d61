"""Model files that lie: each is one error that names what is wrong, before it costs anything."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from seekline import model
from tiny_models import add_tokenizer, load, save_v2_lite


@pytest.fixture
def folder(llama_folder: Path, tmp_path: Path) -> Path:
    """A copy of a whole model, to be spoiled."""
    return Path(shutil.copytree(llama_folder, tmp_path / "model"))


def change(path: Path, **changes: object) -> None:
    """Changes a JSON file."""
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")


def change_header(path: Path, header: object) -> None:
    """Puts another header before a safetensors file's data."""
    content = path.read_bytes()
    data = content[8 + int.from_bytes(content[:8], "little") :]
    written = json.dumps(header).encode()
    path.write_bytes(len(written).to_bytes(8, "little") + written + data)


def header_of(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])


NO_SIZES: list[object] = [0, -1, 1 << 62, 10**60, "4", 4.5, True, [4], {}, None]


@pytest.mark.parametrize("value", NO_SIZES, ids=repr)
@pytest.mark.parametrize("key", ["num_hidden_layers", "hidden_size", "num_attention_heads", "vocab_size"])
def test_sizes_that_no_model_has(folder: Path, key: str, value: object) -> None:
    change(folder / "config.json", **{key: value})
    with pytest.raises(model.BrokenCheckpoint, match=r"config\.json") as caught:
        model.inspect(folder)
    assert "Download" in caught.value.remedy


@pytest.mark.parametrize(
    "changes",
    [
        {"num_attention_heads": 3, "num_key_value_heads": 3, "head_dim": None},
        {"num_attention_heads": 4, "num_key_value_heads": 3},
        {"head_dim": 15},
        {"head_dim": 32},
        {"num_hidden_layers": 3},
        {"num_hidden_layers": 1000},
        {"vocab_size": 4095},
        {"intermediate_size": 64},
        {"rms_norm_eps": 0},
        {"rms_norm_eps": -1e-6},
        {"rms_norm_eps": float("nan")},
        {"rms_norm_eps": "1e-6"},
        {"max_position_embeddings": 0},
        {"max_position_embeddings": 1 << 50},
        {"rope_parameters": 3},
        {"rope_parameters": {"rope_type": 3}},
        {"rope_parameters": {"rope_type": "linear", "factor": 0}},
        {"rope_parameters": {"rope_type": "linear", "factor": float("inf")}},
        {"rope_parameters": {"rope_type": "default", "rope_theta": -1}},
        {"rope_parameters": {"rope_type": "default", "rope_theta": "10000"}},
        {"model_type": 3},
        {"model_type": None},
    ],
    ids=repr,
)
def test_a_configuration_that_contradicts_itself_or_the_weights(folder: Path, changes: dict[str, object]) -> None:
    if changes.get("head_dim", 0) is None:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        del config["head_dim"]
        (folder / "config.json").write_text(json.dumps(config), "utf-8")
        changes = {key: value for key, value in changes.items() if value is not None}
    change(folder / "config.json", **changes)
    with pytest.raises(model.BrokenCheckpoint):
        load(folder)


def test_a_context_beyond_reason_costs_no_memory(folder: Path) -> None:
    change(folder / "config.json", max_position_embeddings=1 << 39)
    assert model.inspect(folder).context_tokens == 1 << 20


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"])
@pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 100_000, "[]", "3", "\x00", '{"a": ' + "9" * 9999 + "}"])
def test_json_files_that_are_bombs(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content, "utf-8")
    with pytest.raises(model.BrokenCheckpoint, match=name.replace(".", r"\.")):
        load(folder)


@pytest.mark.parametrize(
    "names", [{}, [], {"a": 3}, {"a": ["model.safetensors"]}, "model.safetensors", None, 3], ids=repr
)
def test_an_index_with_odd_entries(folder: Path, names: object) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}), "utf-8")
    with pytest.raises(model.BrokenCheckpoint, match=r"index\.json has something wrong at 'weight_map"):
        model.inspect(folder)


@pytest.mark.parametrize("outside", ["../other/model.safetensors", "{absolute}", "..\\other\\model.safetensors"])
def test_an_index_that_leads_out_of_the_folder(folder: Path, tmp_path: Path, outside: str) -> None:
    (tmp_path / "other").mkdir()
    weights = (folder / "model.safetensors").rename(tmp_path / "other" / "model.safetensors")
    names = {"a": outside.format(absolute=weights)}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}), "utf-8")
    with pytest.raises(model.BrokenCheckpoint, match="names a file that is not in it"):
        model.inspect(folder)


def test_weights_that_are_a_link_out_of_the_folder(folder: Path, tmp_path: Path) -> None:
    weights = (folder / "model.safetensors").rename(tmp_path / "elsewhere")
    (folder / "model.safetensors").symlink_to(weights)
    with pytest.raises(model.BrokenCheckpoint, match="is a link out of its folder"):
        model.inspect(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_fifo_in_the_place_of_a_file(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(model.BrokenCheckpoint, match="is no regular file"):
        load(folder)


NORM = "model.norm.weight"
ROW = {"dtype": "F32", "shape": [64], "data_offsets": [0, 256]}


@pytest.mark.parametrize(
    "row",
    [
        {**ROW, "shape": [-64]},
        {**ROW, "shape": [1 << 60, 1 << 60]},
        {**ROW, "shape": [65]},
        {**ROW, "shape": "64"},
        {**ROW, "shape": [64.0]},
        {**ROW, "shape": [True] * 64},
        {**ROW, "shape": [1] * 1000},
        {**ROW, "dtype": "F7"},
        {**ROW, "dtype": 3},
        {**ROW, "data_offsets": [0]},
        {**ROW, "data_offsets": [256, 0]},
        {**ROW, "data_offsets": [-256, 0]},
        {**ROW, "data_offsets": [0, 10**40]},
        {**ROW, "data_offsets": [4, 260]},
        3,
        None,
        [],
    ],
    ids=repr,
)
def test_headers_that_lie(folder: Path, row: object) -> None:
    path = folder / "model.safetensors"
    header = header_of(path)
    offsets = header[NORM]["data_offsets"]
    if isinstance(row, dict) and row["data_offsets"] == [0, 256]:
        row = {**row, "data_offsets": offsets}
    change_header(path, {**header, NORM: row})
    with pytest.raises(model.BrokenCheckpoint, match=r"model\.safetensors is no safetensors file"):
        model.inspect(folder)


@pytest.mark.parametrize("header", [[], 3, {"__metadata__": 3}, {"__metadata__": {"a": 3}}, {}, {"a": {}}], ids=repr)
def test_headers_that_are_none(folder: Path, header: object) -> None:
    change_header(folder / "model.safetensors", header)
    with pytest.raises(model.BrokenCheckpoint, match=r"model\.safetensors"):
        model.inspect(folder)


@pytest.mark.parametrize("length", [0, 1 << 20, 1 << 62, (1 << 64) - 1])
def test_a_header_of_another_length(folder: Path, length: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + path.read_bytes()[8:])
    with pytest.raises(model.BrokenCheckpoint, match="no safetensors file"):
        model.inspect(folder)


def test_tensors_that_are_no_floating_point_numbers(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights[NORM] = weights[NORM].to(torch.int32)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(model.BrokenCheckpoint, match=r"has the shape .* of I32"):
        load(folder)


@pytest.mark.usefixtures("each_forward")
@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_no_numbers(folder: Path, number: float) -> None:
    """A single one is found: a completion that meets it would end in silence."""
    weights = load_file(folder / "model.safetensors")
    weights["model.embed_tokens.weight"][4000, 3] = number
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(model.BrokenCheckpoint, match=r"embed_tokens.* no finite numbers"):
        load(folder)


@pytest.mark.usefixtures("each_forward")
@pytest.mark.parametrize("architecture", ["llama", "another"])
def test_weights_that_are_all_zero(folder: Path, tmp_path: Path, architecture: str) -> None:
    if architecture == "another":
        folder = save_v2_lite(tmp_path / "another")
    weights = load_file(folder / "model.safetensors")
    zeros = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    save_file(zeros, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(model.BrokenCheckpoint, match="every token equally likely"):
        load(folder)


def test_a_tokenizer_of_more_tokens_than_embeddings(folder: Path) -> None:
    path = folder / "tokenizer.json"
    vocabulary = json.loads(path.read_text("utf-8"))
    vocabulary["model"]["vocab"]["another"] = 4096
    path.write_text(json.dumps(vocabulary), "utf-8")
    with pytest.raises(model.BrokenCheckpoint, match="ids up to 4096 where the model has 4,096 embeddings"):
        load(folder)


def test_control_tokens_beyond_the_embeddings_are_not_there(folder: Path) -> None:
    path = folder / "tokenizer.json"
    tokens = json.loads(path.read_text("utf-8"))["added_tokens"]
    change(path, added_tokens=[*tokens, {**tokens[0], "id": 4096, "content": "<pad>"}])
    assert model.Tokenizer(folder).has_control_token("<pad>")
    loaded = load(folder)
    assert not loaded.tokenizer.has_control_token("<pad>")
    assert loaded.tokenizer.size == 4096


def test_a_model_without_a_tokenizer_of_its_own(tmp_path: Path) -> None:
    folder = save_v2_lite(tmp_path)
    add_tokenizer(folder)
    assert model.inspect(folder).vocabulary == 4096
