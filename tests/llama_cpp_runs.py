"""Models that llama.cpp runs in tests, and what they are asked. Without xllamacpp, whoever asks for one is skipped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from seekline import model
from seekline.model.engines.llama_cpp.runner import LlamaCppRunner, load_llama_cpp
from tiny_models import IDS

PROMPT = tuple(IDS)


def need_llama_cpp() -> None:
    if find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed, which brings llama.cpp")


def plan_of(gguf: Path, **changes: Any) -> model.Plan:
    """How llama.cpp runs a file of weights."""
    need_llama_cpp()
    wanted = model.ModelRequest(model=str(gguf), engine="llama.cpp", device="cpu")
    return replace(model.make_plan(wanted, base=gguf.parent), **changes)


@contextmanager
def running(gguf: Path, **changes: Any) -> Iterator[LlamaCppRunner]:
    runner = load_llama_cpp(plan_of(gguf, **changes), threads=1, report=lambda _: None)
    try:
        yield runner
    finally:
        runner.close()


def request(**wanted: Any) -> model.CompletionRequest:
    """For a document `a`, after a prompt that every tiny model knows."""
    return model.CompletionRequest(**{"ids": PROMPT, "key": "a", "max_new_tokens": 12, **wanted})


def written(runner: LlamaCppRunner, **wanted: Any) -> list[model.Piece]:
    return list(pieces_of(runner, request(**wanted), Event()))


def pieces_of(runner: LlamaCppRunner, asked: model.CompletionRequest, cancel: Event) -> Iterator[model.Piece]:
    return (step for step in runner.write(asked, cancel) if isinstance(step, model.Piece))


def ids_of(pieces: list[model.Piece]) -> list[int]:
    return [id for piece in pieces for id in piece.ids]


def text_of(pieces: list[model.Piece]) -> str:
    return "".join(piece.text for piece in pieces)
