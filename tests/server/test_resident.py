"""The model in memory when the device is full, and when nobody asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any
from weakref import ref

import pytest
from seekline import fim, model
from seekline.model.backends.llama.native.network import NativeLlama
from seekline.model.backends.llama.network import Llama
from seekline.server.completion.pipeline import Hole
from seekline.server.resident import Report, Resident
from seekline.server.settings.config import merge
from seekline.server.settings.settings import Settings
from seekline.server.workspace import Workspace
from tiny_models import save_llama

LINES = ("def area(width, height):\n", "    return wid\n")


@pytest.fixture
def reports() -> list[Report]:
    return []


@pytest.fixture
def resident(reports: list[Report]) -> Iterator[Resident]:
    resident = Resident(reports.append)
    yield resident
    assert resident.close(10)


def settings_of(folder: Path, **changes: object) -> Settings:
    values = {"model": str(folder), "device": "cpu", "max_new_tokens": 4, "threads": 1, **changes}
    return merge([]).settings.model_copy(update=values)


def complete(resident: Resident, settings: Settings, base: Path) -> object:
    resident.load(settings, base)
    return submit(resident, settings, base).future.result(30)


def submit(resident: Resident, settings: Settings, base: Path) -> model.Job[Any]:
    document = fim.Document(path="area.py", language=fim.language_of_path("area.py"), lines=LINES)
    hole = Hole(
        document=document,
        cursor=fim.Cursor(line=1, column=14),
        project=Workspace([], []).project_of(base / "area.py"),
    )
    return resident.complete("key", lambda: hole, settings, explicit=False)


class Full:
    """A forward pass for which the device is full while it may not have what it asks for."""

    def __init__(self, patch: pytest.MonkeyPatch, until: int) -> None:
        self.failures = 0

        def failing(forward: Any) -> Any:
            def run(*args: object, **kwargs: object) -> object:
                if self.failures < until:
                    self.failures += 1
                    raise MemoryError
                return forward(*args, **kwargs)

            return run

        for network in (Llama, NativeLlama):
            patch.setattr(network, "forward", failing(network.forward))


def test_a_full_device_gets_shorter_prompts_and_says_so_once(
    resident: Resident, reports: list[Report], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(save_llama(tmp_path, max_position_embeddings=2048))
    assert complete(resident, settings, tmp_path) is not None
    Full(monkeypatch, until=1)
    assert complete(resident, settings, tmp_path) is not None, "the request that met the full device is answered"
    assert complete(resident, settings, tmp_path) is not None
    (warning,) = [report.message for report in reports if report.warning]
    assert "ran out of memory" in warning
    assert "at most 512 tokens" in warning


def test_where_prompts_cannot_be_shorter_the_weights_become_smaller(
    resident: Resident, reports: list[Report], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(save_llama(tmp_path), quantization="none", context_tokens=300)
    assert complete(resident, settings, tmp_path) is not None
    Full(monkeypatch, until=1)
    assert complete(resident, settings, tmp_path) is not None
    assert "int4" in resident.status.reason
    assert any("four bits" in report.message for report in reports if report.warning)


def test_when_there_is_nothing_left_to_give_up_the_request_says_so(
    resident: Resident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(save_llama(tmp_path), quantization="int4", context_tokens=300)
    assert complete(resident, settings, tmp_path) is not None
    full = Full(monkeypatch, until=1)
    with pytest.raises(model.OutOfMemory):
        complete(resident, settings, tmp_path)
    assert full.failures == 1
    assert complete(resident, settings, tmp_path) is not None, "the next request is answered"


def test_the_old_weights_are_gone_before_the_smaller_ones_come(
    resident: Resident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(save_llama(tmp_path), quantization="none", context_tokens=300)
    assert complete(resident, settings, tmp_path) is not None
    assert resident._loaded is not None
    old, found = ref(resident._loaded.engine._backend), list[object]()
    Full(monkeypatch, until=1)
    at_load(monkeypatch, lambda: found.append(old()))
    assert complete(resident, settings, tmp_path) is not None
    assert found == [None]


@pytest.mark.parametrize(
    ("failures", "instead"),
    [(1, r"\(int4\)"), (2, r"\(int4\).* at most 516 tokens")],
    ids=["four bits", "shorter prompts too"],
)
def test_full_while_loading_less_is_loaded_and_said_once_and_the_request_is_answered(
    resident: Resident,
    reports: list[Report],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failures: int,
    instead: str,
) -> None:
    settings = settings_of(save_llama(tmp_path, max_position_embeddings=2048), quantization="none", context_tokens=1036)
    at_load(monkeypatch, Failures(failures))
    assert complete(resident, settings, tmp_path) is not None, "the request that waited for the model"
    (warning,) = [report.message for report in reports if report.warning]
    assert re.search(f"{re.escape(str(tmp_path))} does not fit on cpu. What runs instead: .*{instead}", warning)
    assert resident.status.state == "ready"
    assert not any(report.error for report in reports)


def test_too_full_for_anything_is_said_and_the_next_attempt_may_succeed(
    resident: Resident, reports: list[Report], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(save_llama(tmp_path), quantization="int4", context_tokens=300)
    at_load(monkeypatch, Failures(1))
    assert complete(resident, settings, tmp_path) is None
    assert [report.error for report in reports if report.done] == [resident.status.reason]
    assert "does not fit on cpu" in resident.status.reason
    resident.retry()
    assert complete(resident, settings, tmp_path) is not None


def test_a_prompt_format_that_the_model_lacks_is_no_model_and_said_once(
    resident: Resident, reports: list[Report], tmp_path: Path
) -> None:
    folder = save_llama(tmp_path)
    tokenizer = folder / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text("utf-8").replace("<｜fim▁hole｜>", "<another>"), "utf-8")
    settings = settings_of(folder, prompt_format="deepseek-coder")
    for _ in range(2):
        assert complete(resident, settings, tmp_path) is None
    (said,) = [report.error for report in reports if report.error]
    assert said == resident.status.reason
    assert "needs the control token <｜fim▁hole｜>" in said
    assert complete(resident, settings_of(folder), tmp_path) is not None
    (warning,) = [report.message for report in reports if report.warning]
    assert "completes left to right only" in warning


def test_more_threads_than_the_machine_runs_are_not_taken(
    resident: Resident, reports: list[Report], tmp_path: Path
) -> None:
    assert complete(resident, settings_of(save_llama(tmp_path), threads=1024), tmp_path) is not None
    (warning,) = [report.message for report in reports if report.warning]
    assert warning.startswith("threads = 1024 is more than this machine runs at a time")
    assert all(report.error is None for report in reports)


def test_a_prompt_longer_than_the_models_context_needs_no_more_memory(
    resident: Resident, reports: list[Report], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting is only a limit: a model has its own, and the smaller one counts."""
    folder = save_llama(tmp_path)
    little = replace(model.find_device("cpu"), free_bytes=500_000_000)
    monkeypatch.setattr("seekline.model.loading.plan.find_device", lambda _: little)
    most = settings_of(folder, context_tokens=163_840, max_new_tokens=2048)
    assert complete(resident, most, tmp_path) is not None
    assert not [report.message for report in reports if report.warning or report.error]


class Failures:
    """Memory that is full so many times."""

    def __init__(self, count: int) -> None:
        self._left = count

    def __call__(self) -> None:
        self._left -= 1
        if self._left >= 0:
            raise MemoryError


def at_load(patch: pytest.MonkeyPatch, then: Callable[[], object]) -> None:
    """Calls `then` whenever weights are about to be read."""
    read = model.llama.loading.read_weights  # pyright: ignore[reportAttributeAccessIssue]

    def reading(*args: object) -> object:
        then()
        return read(*args)

    patch.setattr("seekline.model.backends.llama.loading.read_weights", reading)


def test_nobody_asks_and_the_memory_is_given_back_until_somebody_does(resident: Resident, tmp_path: Path) -> None:
    settings = settings_of(save_llama(tmp_path), unload_minutes=0.2 / 60)
    assert complete(resident, settings, tmp_path) is not None
    while resident.status.state != "not loaded":
        sleep(0.05)
    stays = settings.model_copy(update={"unload_minutes": 0})  # else it may be gone again by the time we look
    assert complete(resident, stays, tmp_path) is not None
    assert resident.status.state == "ready"


def test_a_request_is_answered_although_the_settings_change_behind_it(
    resident: Resident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model that it waited for is not loaded any more; it gets the one that is loaded instead."""
    busy, go_on = Event(), Event()

    def hold(message: Report) -> None:
        busy.set()
        assert go_on.wait(30)

    monkeypatch.setattr(resident, "_report", hold)
    resident.load(settings_of(tmp_path / "nowhere"), tmp_path)
    assert busy.wait(30)
    settings = settings_of(save_llama(tmp_path / "model"))
    resident.load(settings, tmp_path)
    asked = submit(resident, settings, tmp_path)
    resident.load(settings.model_copy(update={"quantization": "none"}), tmp_path)
    go_on.set()
    assert asked.future.result(30) is not None
    assert "int4" not in resident.status.reason


def test_a_request_that_comes_as_the_memory_is_given_back_is_answered(
    resident: Resident, reports: list[Report], tmp_path: Path
) -> None:
    settings = settings_of(save_llama(tmp_path))
    assert complete(resident, settings, tmp_path) is not None
    resident.load(settings, tmp_path)  # the model is there
    resident._rest(Event())  # by the time the request's turn comes, it is not
    assert submit(resident, settings, tmp_path).future.result(30) is not None
    assert resident.status.state == "ready"
