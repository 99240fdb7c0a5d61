"""What llama.cpp writes of each family is what transformers writes with the same weights.

The weights are in float32, so what differs is llama.cpp's own precision: keys and values in 16 bits, and for some
operations, approximations. By transformers' logits no token that it takes is less likely than the likeliest one by more
than that, and no probability that it tells is off by more: 0.03 nats in two layers, 0.1 in V2 Lite's 27, where another
YaRN would be off by up to three.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from gguf_families import FAMILIES
from llama_cpp_runs import PROMPT, need_llama_cpp, running, written
from seekline import model

PRECISION_NATS = {"deepseek v2": 0.1}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_tokens_as_by_transformers(family: str, tmp_path: Path) -> None:
    need_llama_cpp()
    folder, gguf = tmp_path / "folder", tmp_path / "model.gguf"
    FAMILIES[family](folder, gguf)
    tokenizer = model.Tokenizer(folder)
    with running(gguf) as runner:
        pieces = written(runner, max_new_tokens=24)
    known = before_a_gap([piece for piece in pieces if piece.ids], tokenizer)
    assert len(known) >= 6
    ids = [piece.ids[0] for piece in known]
    odds = log_probabilities(folder, ids)
    precision = PRECISION_NATS.get(family, 0.03)
    for row, piece in zip(odds, known, strict=True):
        (id,) = piece.ids
        assert piece.log_probability is not None
        assert max(row) - row[id] <= precision
        assert piece.log_probability == pytest.approx(row[id], abs=precision)


def before_a_gap(pieces: list[model.Piece], tokenizer: model.Tokenizer) -> list[model.Piece]:
    """Up to the first one that comes with others: a token that ends within a character is told with the next one."""
    for position, piece in enumerate(pieces):
        if piece.text.encode() != tokenizer.bytes_of(piece.ids[0]):
            return pieces[:position]
    return pieces


def log_probabilities(folder: Path, ids: list[int]) -> list[list[float]]:
    """By transformers, of every token at each place of `ids` behind the prompt."""
    import torch
    from transformers import AutoModelForCausalLM

    reference = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        logits = reference(torch.tensor([[*PROMPT, *ids]])).logits[0]
    return logits[len(PROMPT) - 1 : -1].log_softmax(-1).tolist()
