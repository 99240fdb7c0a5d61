"""A small corpus of this machine's standard library, its vocabulary, and a recipe for a model of seconds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from seekline.learn.cleaning import clean
from seekline.learn.packages import own_standard_library
from seekline.learn.recipe import ModelSize, Recipe
from seekline.learn.vocabulary import build_vocabulary

SMALL = Recipe(
    shape=ModelSize(hidden=64, layers=2, intermediate=128, vocabulary=512, row_tokens=256), tokens_per_step=1024, seed=5
)
_MODULES = ("argparse", "ast", "bdb", "calendar", "cmd", "code", "configparser", "contextlib", "copy", "csv")


@pytest.fixture(scope="session")
def small() -> Recipe:
    return SMALL


@pytest.fixture(scope="session")
def texts() -> list[str]:
    files = (own_standard_library() / f"{module}.py" for module in _MODULES)
    return [text for text in (clean(path.read_bytes()) for path in files) if text]


@pytest.fixture(scope="session")
def corpus(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A train.jsonl of about 300 kB."""
    path = tmp_path_factory.mktemp("corpus") / "train.jsonl"
    rows = [{"p": "python-stdlib", "f": f"{number}.py", "t": text} for number, text in enumerate(texts)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture(scope="session")
def vocabulary(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vocabulary")
    build_vocabulary(folder, texts, SMALL.shape.vocabulary, SMALL.shape.row_tokens)
    return folder
