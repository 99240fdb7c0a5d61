"""Every model whose files lie is one error, which names what is wrong and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest
from bad_models import BAD_MODELS, WholeModels
from seekline import model
from tiny_models import generate, load


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> WholeModels:
    return WholeModels(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("name", BAD_MODELS)
def test_a_bad_model(whole: WholeModels, tmp_path: Path, name: str) -> None:
    path = BAD_MODELS[name].make(whole, tmp_path / "model")
    with pytest.raises(model.ModelError, match=BAD_MODELS[name].says) as caught:
        load(path)
    assert caught.value.problem.endswith(".")
    assert caught.value.remedy.endswith((".", ")"))
    assert "\n" not in str(caught.value)
    assert "Traceback" not in str(caught.value)
    assert "could not be loaded" not in str(caught.value), "nobody foresaw it"
    assert not (tmp_path / "model" / "ran").exists()


@pytest.mark.parametrize("name", sorted({bad.base for bad in BAD_MODELS.values()}))
def test_unspoiled_they_load(whole: WholeModels, name: str) -> None:
    assert generate(load(getattr(whole, name)), 1)
