"""What tells the weights of models apart: any tensor that was trained, and nothing of where they lie."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from gguf_models import save_llama_gguf
from safetensors.torch import load_file, save_file
from seekline import model
from seekline.model.catalogue import base_identity
from seekline.model.catalogue.base_identity import base_digest
from tiny_models import save_llama


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return save_llama(tmp_path / "base")


def test_the_same_weights_are_the_same_model_wherever_they_lie(tmp_path: Path, base: Path) -> None:
    elsewhere = shutil.copytree(base, tmp_path / "elsewhere")
    assert base_digest(elsewhere) == base_digest(base) == base_digest(base / "model.safetensors")
    assert base_digest(model.embedded_folder()) != base_digest(base)


@pytest.mark.parametrize("is_large", [False, True])
def test_a_model_of_which_one_tensor_was_trained_is_another(
    base: Path, monkeypatch: pytest.MonkeyPatch, is_large: bool
) -> None:
    if is_large:
        monkeypatch.setattr(base_identity, "_WHOLE_BYTES", 0)
    weights = load_file(base / "model.safetensors")
    digests = {base_digest(base)}
    for name in weights:
        trained = {**weights, name: weights[name] * 1.01}
        save_file(trained, base / "model.safetensors", metadata={"format": "pt"})
        digests.add(base_digest(base))
    assert len(digests) == len(weights) + 1


def test_a_model_that_reads_its_weights_otherwise_is_another(base: Path) -> None:
    before = base_digest(base)
    config = json.loads((base / "config.json").read_text("utf-8"))
    (base / "config.json").write_text(json.dumps({**config, "rope_theta": 123_456.0}), "utf-8")
    assert base_digest(base) != before


def test_what_is_no_base(tmp_path: Path, base: Path) -> None:
    with pytest.raises(model.UnsupportedAdapter, match="GGUF"):
        base_digest(save_llama_gguf(model.embedded_folder(), tmp_path / "tiny.gguf"))
    with pytest.raises(model.BrokenCheckpoint):
        base_digest(tmp_path / "nowhere")
    (base / "config.json").unlink()
    with pytest.raises(model.UnreadableFile):
        base_digest(base)
