"""A small model, and a host whose editors share it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from shared_engines import Hosting
from tiny_models import save_llama


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_llama(tmp_path_factory.mktemp("llama") / "model")


@pytest.fixture
def hosting() -> Iterator[Hosting]:
    hosting = Hosting()
    yield hosting
    hosting.close()
