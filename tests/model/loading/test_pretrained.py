"""What transformers loads is what the files say: it fills gaps with random numbers, and here they are errors."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from seekline import model
from tiny_models import add_tokenizer, generate, load, save_v2_lite

EXPERT = "model.layers.1.mlp.experts.2.down_proj.weight"
Weights = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def v2_lite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tests must not write to it."""
    return save_v2_lite(tmp_path_factory.mktemp("v2-lite"))


@pytest.fixture
def folder(v2_lite: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(v2_lite, tmp_path / "model"))


def change(folder: Path, spoil: Callable[[Weights], object]) -> None:
    weights = load_file(folder / "model.safetensors")
    spoil(weights)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def test_an_expert_that_is_missing(folder: Path) -> None:
    change(folder, lambda weights: weights.pop(EXPERT))
    with pytest.raises(model.BrokenCheckpoint, match=rf"lack {EXPERT}\."):
        load(folder)


def test_an_expert_that_all_lack(folder: Path) -> None:
    """Which only the architecture knows."""
    change(folder, lambda weights: [weights.pop(name) for name in list(weights) if ".experts.3." in name])
    with pytest.raises(model.BrokenCheckpoint, match=r"'model\.layers\.1\.mlp\.experts\..*' in another shape"):
        load(folder)


def test_a_norm_that_is_missing(folder: Path) -> None:
    change(folder, lambda weights: weights.pop("model.norm.weight"))
    with pytest.raises(model.BrokenCheckpoint, match=r"have no 'model\.norm\.weight'\."):
        load(folder)


def test_a_weight_that_the_architecture_lacks(folder: Path) -> None:
    change(folder, lambda weights: weights.update({"model.layers.0.extra.weight": torch.zeros(2)}))
    with pytest.raises(model.BrokenCheckpoint, match=r"'model\.layers\.0\.extra\.weight', which its architecture"):
        load(folder)


def test_a_weight_of_another_shape(folder: Path) -> None:
    change(folder, lambda weights: weights.update({"model.norm.weight": torch.ones(65)}))
    with pytest.raises(model.BrokenCheckpoint, match=r"'model\.norm\.weight' in another shape"):
        load(folder)


def test_several_are_counted(folder: Path) -> None:
    change(folder, lambda weights: [weights.pop(name) for name in list(weights) if "layernorm" in name])
    with pytest.raises(model.BrokenCheckpoint, match=r"have no '.*layernorm.*' and \d more that are wrong"):
        load(folder)


def test_a_configuration_that_names_other_weights(folder: Path) -> None:
    """transformers would load that file, a pickle or not."""
    torch.save({}, folder / "other.bin")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "transformers_weights": "other.bin"}), "utf-8")
    assert generate(load(folder))


def test_one_file_of_several(folder: Path, tmp_path: Path) -> None:
    wanted = generate(load(folder))
    shutil.copy(folder / "model.safetensors", folder / "other.safetensors")
    change(folder, lambda weights: [weight.zero_() for weight in weights.values()])
    assert generate(load(folder / "other.safetensors")) == wanted


def test_shards(folder: Path, tmp_path: Path) -> None:
    wanted = generate(load(folder))
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    index: dict[str, str] = {}
    for number, names in enumerate((list(weights)[::2], list(weights)[1::2])):
        index |= dict.fromkeys(names, f"part-{number}.safetensors")
        save_file({name: weights[name] for name in names}, folder / f"part-{number}.safetensors", {"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}), "utf-8")
    assert generate(load(folder)) == wanted


@pytest.mark.parametrize("name", ["adapter_config.json", "shard-00001-model-00001-of-00001.safetensors"])
def test_what_transformers_would_load_beside_the_weights(folder: Path, name: str) -> None:
    (folder / name).write_text("{}", "utf-8")
    with pytest.raises(model.UnsupportedArchitecture, match=name):
        load(folder)


def test_a_head_that_is_the_embedding_may_lack(tmp_path: Path) -> None:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    shape: dict[str, Any] = {"num_attention_heads": 4, "num_key_value_heads": 4, "num_hidden_layers": 1}
    config = Qwen2Config(
        vocab_size=4096, hidden_size=64, intermediate_size=128, tie_word_embeddings=True, initializer_range=0.4, **shape
    )
    Qwen2ForCausalLM(config).save_pretrained(tmp_path)
    add_tokenizer(tmp_path)
    assert "lm_head.weight" not in load_file(tmp_path / "model.safetensors")
    assert len(generate(load(tmp_path))) == 8
