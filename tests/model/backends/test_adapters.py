"""Adapters beside the weights and merged into them, in each forward pass, against a model whose weights have it."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from lora_adapters import save_adapter, save_merged
from seekline import model
from tiny_models import IDS, generate, load, save_llama

SHAPES = {
    "mha": {},
    "gqa": {"num_key_value_heads": 2},
    "mqa": {"num_key_value_heads": 1},
    "odd sizes": {"head_dim": 32, "hidden_size": 192, "intermediate_size": 320, "num_key_value_heads": 2},
}
TOLERANCE = 2e-4
"""Of a logit, relative to the spread of all of them: sums of float32 in another order."""


def logits_of(loaded: model.LoadedModel, ids: list[int] = IDS) -> torch.Tensor:
    backend: Any = loaded._backend
    return backend.forward(ids, backend.new_kv(len(ids)), Event(), logits=len(ids)).float()


def check_same(found: torch.Tensor, expected: torch.Tensor, tolerance: float = TOLERANCE) -> None:
    assert float((found - expected).abs().max() / expected.std()) < tolerance


@pytest.mark.usefixtures("each_forward")
@pytest.mark.parametrize("merge", [False, True], ids=["beside", "merged"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_model_with_an_adapter(tmp_path: Path, shape: dict[str, int], merge: bool) -> None:
    base = save_llama(tmp_path / "base", **shape)
    adapter = save_adapter(tmp_path / "adapter", base)
    reference = load(save_merged(tmp_path / "merged", base, adapter))
    adapted = load(base, adapter=str(adapter), merge_adapter=merge)
    assert generate(adapted, 16) == generate(reference, 16) != generate(load(base), 16)
    check_same(logits_of(adapted), logits_of(reference))
