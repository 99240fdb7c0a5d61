from pathlib import Path

import pytest
from seekline.model.llama.native import library
from tiny_models import save_llama


@pytest.fixture(scope="session")
def llama_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small random Llama, saved. Tests must not write to it."""
    return save_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture
def torch_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models on the CPU are loaded for the forward pass in torch, as they are where the C code is missing."""
    monkeypatch.setattr("seekline.model.llama.loading.runs_natively", lambda _: False)


@pytest.fixture(params=["native", "torch"])
def each_forward(request: pytest.FixtureRequest) -> None:
    """Once with the forward pass in C, once with the one in torch."""
    if request.param == "torch":
        request.getfixturevalue("torch_forward")
    elif library.library() is None:
        pytest.skip("the C code is not compiled here, or not for this processor")
