"""Our forward pass and llama.cpp's over the same file of real weights."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tiny_models import load

pytestmark = [
    pytest.mark.timeout(900),  # the first test that asks for the real weights brings them
    pytest.mark.skipif(find_spec("xllamacpp") is None, reason="xllamacpp is not installed: pip install '.[gguf]'"),
]
PROMPTS, WINDOW = 50, 48


def test_both_say_the_same(bench: Any, smollm_gguf: Path) -> None:
    """bench/same_file.py tells it of 200 prompts; these few take seconds, and their bounds are wider for it."""
    perplexity = bench("perplexity")
    loaded = load(smollm_gguf)
    assert loaded.plan.quantization == "stored"
    own = perplexity.texts([Path(__file__).parents[2] / "fim"])
    cut = perplexity.windows(own, loaded.tokenizer, WINDOW, PROMPTS * WINDOW)
    found = bench("same_file").agreement(loaded, cut, threads=1)
    assert len(found.same) >= PROMPTS
    assert found.share >= 0.9
    assert abs(found.perplexity_ratio - 1) < 0.04
