"""What holds for every test: no test touches the user's own settings, model cache, engine process or
network."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from seekline.model.backends.llama import native_structures

# A busy machine is no failure, and the same examples come each time; `--hypothesis-profile explore` draws others.
settings.register_profile("seekline", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("seekline")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own, for this process and those it starts."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "run"))
    monkeypatch.setenv("SEEKLINE_ADAPTERS", str(home / "adapters"))
    (home / "run").mkdir(mode=0o700)
    monkeypatch.setenv("SEEKLINE_SHARE", "0")  # tests of the shared engine set it, and are their own users
    monkeypatch.setenv("HF_HOME", str(home / "huggingface"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")  # which loading a model switches on for its process
    return home


@pytest.fixture
def empty_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model cache without any model, for this process, where the hub library may be imported already."""
    cache = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    return cache


@pytest.fixture
def torch_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models on the CPU are loaded for the forward pass in torch, as they are where the C code is missing."""
    monkeypatch.setattr("seekline.model.backends.llama.model_loader.runs_natively", lambda _: False)


@pytest.fixture(params=["native", "torch"])
def each_forward(request: pytest.FixtureRequest) -> None:
    """Once with the forward pass in C, once with the one in torch."""
    if request.param == "torch":
        request.getfixturevalue("torch_forward")
    elif not native_structures.is_compiled():
        pytest.skip("the C code is not compiled here, or not for this processor")
