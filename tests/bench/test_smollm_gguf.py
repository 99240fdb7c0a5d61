"""A GGUF file that nobody here made, SmolLM2-135M-Instruct in Q4_1: our reader against the package gguf, which made a
folder of the same file."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch
from gguf import GGUFReader
from gguf.quants import dequantize
from seekline import model
from seekline.model.backends.llama.gguf_tensors import GgufTensors
from tiny_models import load

pytestmark = pytest.mark.timeout(900)  # the first test that asks for the real weights brings them

ROOT = Path(__file__).parents[2]
PATTERNS = ("fim/*.py", "model/*.py", "model/native/*.c", "model/*.toml")
TEXTS = [path.read_text("utf-8") for pattern in PATTERNS for path in sorted(ROOT.glob(pattern))]


def test_what_the_file_is(smollm_gguf: Path) -> None:
    found = model.inspect(smollm_gguf)
    assert found.llama is not None
    assert found.weights_format == "gguf"
    assert found.parameters == 134_515_008
    llama = found.llama
    assert (llama.layers, llama.hidden, llama.heads, llama.kv_heads, llama.vocabulary) == (30, 576, 9, 3, 49152)
    assert llama.tied


def test_every_weight_is_what_the_package_reads(smollm_gguf: Path) -> None:
    config = model.inspect(smollm_gguf).llama
    assert config is not None
    packaged = {tensor.name: tensor for tensor in GGUFReader(smollm_gguf).tensors}
    heads = {"q_proj": config.heads, "k_proj": config.kv_heads}
    from seekline.model.catalogue.gguf_llama import gguf_name

    with GgufTensors(smollm_gguf, config, device="cpu", dtype=None) as read:
        for name, shape in config.tensors():
            tensor = packaged.pop(gguf_name(name))
            wanted = dequantize(tensor.data, tensor.tensor_type)
            count = heads.get(name.split(".")[-2])
            if count is not None:
                wanted = wanted.reshape(count, -1, 2, shape[1]).swapaxes(1, 2).reshape(shape)
            assert np.array_equal(read.get(name).float().numpy(), wanted), name
            stored = read.stored(name)
            assert stored is None or torch.equal(stored.dense(), read.get(name))
    assert not packaged


def test_the_tokenizer_is_that_of_the_folder(smollm_gguf: Path, smollm: Path) -> None:
    read, folder = model.Tokenizer(smollm_gguf), model.Tokenizer(smollm)
    assert read.has_vocabulary_of(folder)
    assert read.begin_token == folder.begin_token
    assert read.size == folder.size
    for text in TEXTS:
        assert read.encode_text(text) == folder.encode_text(text)


def test_the_logits_are_those_of_the_folder(smollm_gguf: Path, smollm: Path) -> None:
    """The folder has the weights in 16 bits."""
    read, folder = load(smollm_gguf, quantization="none"), load(smollm, quantization="none")
    ids = read.tokenizer.encode_text(TEXTS[0])[:200]
    wanted, found = logits(folder, ids), logits(read, ids)
    assert (found - wanted).abs().max() <= 0.01 * wanted.std()
    same = found.argmax(-1) == wanted.argmax(-1)
    assert same.float().mean() >= 0.99


def logits(loaded: model.LoadedModel, ids: list[int]) -> torch.Tensor:
    backend: Any = loaded.engine._backend
    return backend.forward(ids, backend.new_kv(len(ids)), Event(), logits=len(ids)).float()
