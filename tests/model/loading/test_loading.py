"""From a folder to a model that generates: formats, quantizations, foreign code, and all that can be wrong."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from drafts import FixedCosts, NothingCopied
from seekline import model
from tiny_models import IDS, add_own_code, check_incremental, generate, load, save_llama


def test_steps_are_reported(llama_folder: Path) -> None:
    plan = model.make_plan(model.ModelRequest(model=str(llama_folder), device="cpu"), base=llama_folder)
    steps: list[str] = []
    model.load_model(plan, threads=1, report=steps.append)
    assert steps == ["starting torch", f"loading {llama_folder}"]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_dtype(llama_folder: Path, dtype: str) -> None:
    loaded = load(llama_folder, dtype=dtype)
    assert len(generate(loaded)) == 8


@pytest.mark.filterwarnings("ignore::UserWarning:bitsandbytes", "ignore::FutureWarning:bitsandbytes")
def test_bitsandbytes(tmp_path: Path) -> None:
    """Quantized weights generate, and what the cache keeps gives the same as computing all of it at once."""
    pytest.importorskip("bitsandbytes", reason="the extra gpu is not installed")
    loaded = load(save_llama(tmp_path, hidden_size=128), quantization="nf4")
    backend: Any = loaded.engine._backend
    layer = backend._network.weights.layers[0]
    assert type(layer.down).__name__ == "Linear4bit"
    check_incremental(loaded, tolerance=0.1)


@pytest.mark.usefixtures("each_forward")
@pytest.mark.parametrize("quantization", ["int4", "int8"])
def test_our_own_quantization(tmp_path: Path, quantization: model.Quantization) -> None:
    folder = save_llama(tmp_path / "model", hidden_size=128)
    plan = model.make_plan(model.ModelRequest(model=str(folder), device="cpu", quantization=quantization), base=folder)
    check_incremental(model.load_model(plan, threads=1, cache=tmp_path / "cache"), tolerance=0.2)


@pytest.mark.usefixtures("each_forward")
def test_quantized_weights_are_kept_for_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, cache = save_llama(tmp_path / "model", hidden_size=128), tmp_path / "cache"
    plan = model.make_plan(model.ModelRequest(model=str(folder), device="cpu", quantization="int4"), base=folder)
    first = generate(model.load_model(plan, threads=1, cache=cache))
    (file,) = cache.iterdir()
    with monkeypatch.context() as patch:
        patch.setattr("seekline.model.backends.llama.model_loader._MEASURED_OUTPUTS", 16)  # quantized roughly
        patch.setattr(
            "seekline.model.backends.llama.quantization._fitted", lambda *_, **__: pytest.fail("quantized again")
        )
        assert generate(model.load_model(plan, threads=1, cache=cache)) == first
    file.write_bytes(b"half a file")
    assert generate(model.load_model(plan, threads=1, cache=cache)) == first
    weights = folder / "model.safetensors"
    os.utime(weights, ns=(0, 0))
    model.load_model(plan, threads=1, cache=cache)
    (made_again,) = cache.iterdir()
    assert made_again.name != file.name, "other weights in the same folder have a file of their own"


def test_no_room_on_the_disk_costs_only_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = save_llama(tmp_path / "model", hidden_size=128)
    (tmp_path / "cache").write_text("a file where the folder should be", "utf-8")
    plan = model.make_plan(model.ModelRequest(model=str(folder), device="cpu", quantization="int4"), base=folder)
    assert len(generate(model.load_model(plan, threads=1, cache=tmp_path / "cache"))) == 8
    assert "could not be kept" in caplog.text


def test_a_model_that_accelerate_has_placed(llama_folder: Path) -> None:
    """As one that exceeds a GPU is; here all of it comes to lie on the CPU."""
    pytest.importorskip("accelerate", reason="the extra gpu is not installed")
    wanted = model.ModelRequest(model=str(llama_folder), device="cpu", dtype="float32")
    plan = replace(model.make_plan(wanted, base=llama_folder), spread=True)
    assert generate(model.load_model(plan, threads=1)) == generate(load(llama_folder))


def test_a_cut_vocabulary_is_never_left(tmp_path: Path) -> None:
    """Ids that the tokenizer does not have are padding of the embedding, whatever their logits."""
    loaded = load(save_llama(tmp_path, vocab_size=8192))
    assert all(token < loaded.tokenizer.size for token in generate(loaded, 40))


def test_a_draft_model_is_loaded_beside_it(llama_folder: Path, tmp_path: Path) -> None:
    small = save_llama(tmp_path, seed=1, num_hidden_layers=1)
    loaded = load(llama_folder, draft_model=str(small))
    assert loaded.plan.draft is not None
    drafts = loaded.engine._draft_sources.model
    assert drafts is not None
    drafts.draft_length, drafts.prompt_ms = FixedCosts({0: 1, 3: 1}), 0.0
    tokens = loaded.engine.generate(IDS, max_new_tokens=8, cancel=Event(), lookup=NothingCopied(IDS))
    assert list(tokens) == generate(load(llama_folder))
    assert loaded.engine.statistics.drafted > 3


@pytest.mark.parametrize("change", ["a word", "a control token"])
def test_a_draft_model_of_another_vocabulary(llama_folder: Path, tmp_path: Path, change: str) -> None:
    small = Path(shutil.copytree(llama_folder, tmp_path / "small"))
    tokenizer = json.loads((small / "tokenizer.json").read_text("utf-8"))
    if change == "a word":
        words = tokenizer["model"]["vocab"]
        first, second = [word for word, id in words.items() if id in (4000, 4001)]
        words[first], words[second] = words[second], words[first]
    else:
        tokenizer["added_tokens"][-1]["content"] = "<another>"
    (small / "tokenizer.json").write_text(json.dumps(tokenizer), "utf-8")
    with pytest.raises(model.VocabularyMismatch, match="cannot draft for"):
        load(llama_folder, draft_model=str(small))


def test_a_draft_model_that_does_not_fit_is_named(
    llama_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA")

    small = save_llama(tmp_path)
    monkeypatch.setattr("seekline.model.backends.llama.model_loader.read_weights", fail)
    with pytest.raises(model.OutOfMemory, match=f"{small} does not fit"):
        load(llama_folder, draft_model=str(small))


def test_an_unknown_architecture(llama_folder: Path, tmp_path: Path) -> None:
    folder = with_config(llama_folder, tmp_path, model_type="hyperllama")
    with pytest.raises(model.UnsupportedArchitecture, match="'hyperllama', which transformers does not know"):
        load(folder)


def test_a_models_own_code_does_not_run_unasked(llama_folder: Path, tmp_path: Path) -> None:
    folder = with_own_code(llama_folder, tmp_path)
    with pytest.raises(model.UnsupportedArchitecture, match="own code") as caught:
        load(folder)
    assert "trust_remote_code" in caught.value.remedy
    assert not (folder / "ran").exists()


def test_a_models_own_code_runs_for_the_one_that_is_trusted(llama_folder: Path, tmp_path: Path) -> None:
    folder = with_own_code(llama_folder, tmp_path)
    with pytest.raises(model.UnsupportedArchitecture):
        load(folder, trusted=(str(tmp_path / "another"),))
    loaded = load(folder, trusted=(str(folder),))
    assert (folder / "ran").exists()
    assert generate(loaded) == generate(load(llama_folder))


def test_weights_of_another_shape(llama_folder: Path, tmp_path: Path) -> None:
    folder = with_config(llama_folder, tmp_path, hidden_size=32)
    with pytest.raises(model.BrokenCheckpoint, match=r"where config.json announces \(4096, 32\)"):
        load(folder)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA"), RuntimeError("[enforce] can't allocate memory")])
def test_out_of_memory_while_loading(llama_folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("seekline.model.backends.llama.model_loader.read_weights", fail)
    with pytest.raises(model.OutOfMemory, match="does not fit on cpu"):
        load(llama_folder)


@pytest.mark.usefixtures("each_forward")
def test_out_of_memory_in_a_completion_leaves_the_model_usable(
    llama_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load(llama_folder)
    wanted = generate(load(llama_folder))

    def fail(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with monkeypatch.context() as patch:
        for forward in ("torch_forward.TorchLlama.forward", "native_forward.NativeLlama.forward"):
            patch.setattr(f"seekline.model.backends.llama.{forward}", fail)
        with pytest.raises(model.OutOfMemory, match="ran out of memory") as caught:
            generate(loaded)
    assert "context_tokens" in caught.value.remedy
    assert generate(loaded) == wanted


def test_other_errors_of_a_forward_pass_stay_what_they_are(llama_folder: Path) -> None:
    loaded = load(llama_folder)
    backend = loaded.engine._backend
    with pytest.raises(IndexError):
        backend.forward([999_999], backend.new_kv(16), Event())


def with_config(source: Path, tmp_path: Path, **changes: object) -> Path:
    """A copy of a model folder with another configuration."""
    folder = Path(shutil.copytree(source, tmp_path / "changed"))
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, **changes}), "utf-8")
    return folder


def with_own_code(source: Path, tmp_path: Path) -> Path:
    """A copy whose architecture only its own Python file knows."""
    folder = Path(shutil.copytree(source, tmp_path / "changed"))
    add_own_code(folder)
    return folder
