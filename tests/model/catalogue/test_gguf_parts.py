"""A model in several GGUF files."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from gguf_models import save_llama_gguf
from seekline import model
from tiny_models import generate, load, save_llama


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_llama(tmp_path_factory.mktemp("llama") / "model", num_key_value_heads=2)


@pytest.fixture(scope="module")
def parts(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model in three files."""
    made = tmp_path_factory.mktemp("parts")
    save_llama_gguf(folder, made / "a.gguf", "Q8_0", tensors_a_file=8)
    return made


def test_a_model_in_several_files(folder: Path, parts: Path, tmp_path: Path) -> None:
    first = parts / "a-00001-of-00003.gguf"
    whole = save_llama_gguf(folder, tmp_path / "a.gguf", "Q8_0")
    assert replace(model.inspect(first), path=whole) == model.inspect(whole)
    assert model.inspect(parts) == model.inspect(first)
    assert generate(load(first)) == generate(load(whole))


def test_files_of_a_model_that_do_not_fit(parts: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(parts, tmp_path / "parts"))
    first, second, third = (copy / f"a-0000{number}-of-00003.gguf" for number in (1, 2, 3))
    with pytest.raises(model.BrokenCheckpoint, match="is part 2 of a model of 3 files") as caught:
        model.inspect(second)
    assert "first" in caught.value.remedy
    third.rename(tmp_path / "third")
    with pytest.raises(model.BrokenCheckpoint, match="lacks 1 of the 3 files of this model, a-00003-of-00003"):
        model.inspect(first)
    shutil.copy(second, third)
    with pytest.raises(model.BrokenCheckpoint, match="says that it is file 1 of 3, counted from 0, where it is file 2"):
        model.inspect(first)
    alone = first.rename(copy / "alone.gguf")
    with pytest.raises(model.BrokenCheckpoint, match="says that it is file 0 of 3"):
        model.inspect(alone)
