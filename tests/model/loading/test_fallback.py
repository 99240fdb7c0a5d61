"""What is given up, and in which order, where memory is full while a model loads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from seekline import model
from tiny_models import save_llama


class Loader:
    """Loads for real what there is room for, and notes what it was asked for."""

    def __init__(self, has_room: Callable[[model.Plan], bool] = lambda _: True) -> None:
        self.plans: list[model.Plan] = []
        self._has_room = has_room

    def __call__(self, plan: model.Plan) -> model.LoadedModel:
        self.plans.append(plan)
        if not self._has_room(plan):
            raise model.OutOfMemory(f"Problem {len(self.plans)}.", "Way out.")
        return model.load_model(plan, threads=1)

    def fit(self, base: Path, **wanted: Any) -> model.LoadResult[model.LoadedModel]:
        wanted = {"device": "cpu", "sequence_tokens": 2048, **wanted}
        return model.load_what_fits(model.ModelRequest(**wanted), base=base, load=self)


def test_what_fits_is_loaded_as_it_is_wanted(llama_folder: Path) -> None:
    result = Loader().fit(llama_folder, model=str(llama_folder))
    assert result.problem is None
    assert result.request.sequence_tokens == 2048


def test_drafts_go_first_then_bits_then_the_context(llama_folder: Path) -> None:
    loader = Loader(lambda plan: len(loader.plans) == 5)
    result = loader.fit(llama_folder, model=str(llama_folder), draft_model=str(llama_folder))
    assert [(bool(plan.draft), plan.quantization) for plan in loader.plans] == [
        (True, "none"),
        (False, "none"),
        (False, "int4"),
        (False, "int4"),
        (False, "int4"),
    ]
    assert result.request.sequence_tokens == 512
    assert result.problem is not None
    assert result.problem.problem == "Problem 1."
    assert len(list(result.loaded.engine.generate([1, 2, 3], max_new_tokens=4, cancel=Event()))) == 4


def test_a_named_model_is_not_replaced(llama_folder: Path) -> None:
    loader = Loader(lambda plan: plan.source.name == model.EMBEDDED)
    with pytest.raises(model.OutOfMemory, match="Problem 1"):
        loader.fit(llama_folder, model=str(llama_folder))
    assert {plan.source.path for plan in loader.plans} == {llama_folder}


def test_where_auto_chose_the_model_a_smaller_one_comes_last(
    tmp_path: Path, llama_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = save_llama(tmp_path, num_hidden_layers=3)
    there = [source_of(large), source_of(llama_folder), source_of(model.embedded_folder())]
    monkeypatch.setattr("seekline.model.loading.plan.installed_entries", lambda weights: there)
    loader = Loader(lambda plan: plan.source.path == llama_folder)
    result = loader.fit(tmp_path)
    assert [plan.source.path for plan in loader.plans] == [large, large, large, large, llama_folder]
    assert result.request.sequence_tokens == 2048, "the smaller one may have all of the context again"
    assert result.loaded.plan.quantization == "none"


def source_of(folder: Path) -> model.Source:
    entry = model.all_entries()["deepseek-coder-1.3b-base"]
    return model.Source(
        name=folder.name, path=folder, entry=replace(entry, parameters=model.inspect(folder).parameters)
    )


def test_what_the_planner_refuses_is_reduced_too(llama_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A context for which there is no memory, and drafts beside it."""
    cpu = replace(model.find_device("cpu"), free_bytes=600_000_000)
    monkeypatch.setattr("seekline.model.loading.plan.find_device", lambda _: cpu)
    result = Loader().fit(llama_folder, model=str(llama_folder), draft_model=str(llama_folder), quantization="none")
    assert result.problem is not None
    assert result.problem.problem.startswith("Beside")
    assert result.loaded.plan.draft is None
