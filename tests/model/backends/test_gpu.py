"""What only a CUDA device can show: that its graphs, packs and copies give what plain passes and transformers give."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from engine_pair import CONTEXT_TOKENS, PROMPT, Clock, Pair, check_exact, check_random_requests, consume
from fake_recorder import save_network
from quantized_models import save_quantized
from seekline import model
from seekline.model.backends.llama import quantization
from seekline.model.backends.llama.cuda import CudaRecorder
from tiny_models import check_incremental, load, save_llama
from transformers import AutoModelForCausalLM

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device"),
]

DEVICE = "cuda:0"
NEW_TOKENS = 12


@pytest.fixture(params=[4, 2, 1], ids=["mha", "gqa", "mqa"])
def pair(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    clock = Clock()
    monkeypatch.setattr("seekline.model.decoding.request.monotonic", clock)
    shape = {"num_key_value_heads": request.param, "max_position_embeddings": CONTEXT_TOKENS}
    return Pair(save_network(tmp_path, device=DEVICE, **shape), CudaRecorder(torch.device(DEVICE)), clock)


def test_running_ahead_by_graphs_writes_what_plain_passes_write(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    check_random_requests(pair, 12)
    assert not caplog.records, "every step was recorded"


def test_a_cancel_while_running_ahead_leaves_the_cache_exact(pair: Pair) -> None:
    for length in (10, 300, 600):
        ids = (PROMPT * 20)[:length]
        assert consume(pair.asynchronous, ids, max_new_tokens=200, cancel_after=3)[-1] == -1
        check_exact(pair.asynchronous)
        pair.both(ids, max_new_tokens=8)


@pytest.mark.parametrize("drafts", [False, True])
@pytest.mark.parametrize("kv_heads", [4, 2, 1])
def test_graphs_write_what_transformers_writes(tmp_path: Path, kv_heads: int, drafts: bool) -> None:
    folder = save_llama(tmp_path, num_key_value_heads=kv_heads)
    loaded = load(folder, device=DEVICE)
    reference: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    reference.to(DEVICE)
    for length in (1, 40, 250, 256, 490):
        ids = [0, *range(10, 500)][:length]
        inputs = torch.tensor([ids], device=DEVICE)
        options: dict[str, Any] = {"max_new_tokens": NEW_TOKENS, "do_sample": False, "pad_token_id": 1}
        found = reference.generate(inputs, attention_mask=torch.ones_like(inputs), **options)[0, length:].tolist()
        written = found[: found.index(1)] if 1 in found else found
        # Right for a while, then wrong.
        earlier = [[*ids[-3:], *written[:5], 7, 8, 9]]
        lookup = model.PromptLookup(ids, earlier=earlier) if drafts else None
        tokens = loaded.engine.generate(ids, max_new_tokens=NEW_TOKENS, cancel=Event(), stop_ids={1}, lookup=lookup)
        assert list(tokens) == written
    backend: Any = loaded.engine._backend
    assert backend.decodes_async


@pytest.mark.parametrize("rows", [1, 4, 40])
def test_four_bits_multiply_what_their_codes_stand_for(rows: int) -> None:
    weight, batch = torch.randn(256, 512, device=DEVICE) * 0.02, torch.randn(rows, 512, device=DEVICE)
    codes, scales = quantization.int4_codes(weight)
    exact = batch @ quantization.from_codes(codes, scales).T
    assert torch.allclose(quantization.pack_int4(codes, scales)(batch), exact, atol=0.05)


def test_four_bits(tmp_path: Path) -> None:
    folder = save_llama(tmp_path / "model", hidden_size=128)
    wanted = model.ModelRequest(model=str(folder), device=DEVICE, quantization="int4")
    for _ in range(2):  # the second from what the first has kept
        plan = model.make_plan(wanted, base=folder)
        check_incremental(model.load_model(plan, threads=1, cache=tmp_path / "cache"), tolerance=0.2)


@pytest.mark.parametrize("how", [{"method": "awq"}, {"reordered": True, "group": 32}, {"group": -1}], ids=str)
def test_files_of_gptq_and_awq(tmp_path: Path, how: dict[str, Any]) -> None:
    folder = save_quantized(tmp_path / "model", tmp_path / "twin", **how)
    for kept in ("stored", "none"):
        loaded = load(folder, device=DEVICE, dtype="bfloat16", quantization=kept)
        check_incremental(loaded, tolerance=0.2)


@pytest.mark.parametrize("wanted", ["nf4", "int8"])
@pytest.mark.filterwarnings("ignore::UserWarning:bitsandbytes", "ignore::FutureWarning:bitsandbytes")
def test_bitsandbytes(tmp_path: Path, wanted: model.Quantization) -> None:
    pytest.importorskip("bitsandbytes", reason="the extra gpu is not installed")
    loaded = load(save_llama(tmp_path, hidden_size=128), device=DEVICE, dtype="bfloat16", quantization=wanted)
    check_incremental(loaded, tolerance=0.2)
