from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gguf_families import llama
from llama_cpp_runs import need_llama_cpp, running
from seekline.model.engines.llama_cpp.runner import LlamaCppRunner


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A Llama with grouped queries: its folder of safetensors, and the same as GGUF. Tests must not write to them."""
    need_llama_cpp()
    folder = tmp_path_factory.mktemp("tiny")
    llama(folder / "llama", folder / "llama.gguf", num_key_value_heads=2, max_position_embeddings=4096)
    return folder / "llama", folder / "llama.gguf"


@pytest.fixture(scope="module")
def runner(tiny: tuple[Path, Path]) -> Iterator[LlamaCppRunner]:
    with running(tiny[1], sequence_tokens=512) as made:
        yield made
