"""What the benchmark of perplexity counts."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import load, save_llama
from transformers import AutoModelForCausalLM


@pytest.mark.parametrize("rows", [1, 7, 512])
def test_nats_are_those_of_transformers(bench: Any, tmp_path: Path, rows: int) -> None:
    folder = save_llama(tmp_path)
    window = list(range(100, 160))
    ids = torch.tensor([window])
    reference = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)(input_ids=ids, labels=ids).loss
    assert bench("perplexity").nats(load(folder).engine._backend, window, rows) == pytest.approx(reference.item(), 1e-4)


def test_windows_are_of_one_text_and_not_more_than_asked(bench: Any, tmp_path: Path) -> None:
    tokenizer = load(save_llama(tmp_path)).tokenizer
    cut = bench("perplexity").windows(["a = 1\n" * 200, "b = 2\n" * 200, "c"], tokenizer, 64, 256)
    assert len(cut) == 4
    assert all(len(window) == 64 for window in cut)
    assert len({"a" in tokenizer.decode(window) for window in cut}) == 2
    assert not any("a" in text and "b" in text for text in map(tokenizer.decode, cut))


def test_rounded_to_nearest_is_not_fitted(bench: Any, tmp_path: Path) -> None:
    program = bench("perplexity")
    given = Namespace(model=str(save_llama(tmp_path / "model", hidden_size=128)), device="cpu", threads=1)
    window = list(range(100, 160))
    nats = {
        format: program.nats(program.loaded_as(format, given, tmp_path / "cache").engine._backend, window, 512)
        for format in ("int4", program.NEAREST)
    }
    assert nats["int4"] != nats[program.NEAREST]


def test_the_cost_is_of_the_same_windows(bench: Any) -> None:
    assert bench("perplexity").cost([1.5, 2.5, 3.5], [1.0, 2.0, 3.0]) == "+0.5000 ± 0.0000"
    assert bench("perplexity").cost([2.0, 2.0], [1.0, 2.0]) == "+0.5000 ± 0.5000"
