"""A session's own engine when the device is full, when nobody asks, and when settings do not fit the model."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any
from weakref import ref

import pytest
import pytest_asyncio
from direct_session import TEXT, Desk, ask, complete, settings_of
from seekline import model
from seekline.model import Report
from seekline.model.backends.llama import model_loader
from seekline.model.backends.llama.native_forward import NativeLlama
from seekline.model.backends.llama.torch_forward import TorchLlama
from seekline.model.engines.in_process import InProcessRunner
from seekline.server.engines import local_model
from tiny_models import save_llama


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(tmp_path)
    made.open((tmp_path / "area.py").as_uri(), TEXT, "python", 1)
    yield made
    assert made.close(10)


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

        for network in (TorchLlama, NativeLlama):
            patch.setattr(network, "forward", failing(network.forward))


async def test_a_full_device_gets_shorter_prompts_and_says_so_once(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(save_llama(tmp_path, max_position_embeddings=2048))
    desk.open((tmp_path / "area.py").as_uri(), TEXT * 200, "python", 2)
    whole = await complete(desk, settings, line=399)
    assert whole is not None
    Full(monkeypatch, until=1)
    shorter = await complete(desk, settings, line=399)
    assert shorter is not None, "the request that met the full device is answered"
    assert await complete(desk, settings) is not None
    (warning,) = desk.warnings
    assert "ran out of memory" in warning
    assert f"at most {whole.prompt_tokens // 2} tokens" in warning
    assert 0 < shorter.prompt_tokens <= whole.prompt_tokens // 2


async def test_where_prompts_cannot_be_shorter_the_weights_become_smaller(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(save_llama(tmp_path), quantization="none", context_tokens=300)
    assert await complete(desk, settings) is not None
    Full(monkeypatch, until=1)
    assert await complete(desk, settings) is not None
    assert "int4" in desk.engine.status.reason
    assert any("four bits" in warning for warning in desk.warnings)


async def test_when_there_is_nothing_left_to_give_up_the_request_says_so(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(save_llama(tmp_path), quantization="int4", context_tokens=300)
    assert await complete(desk, settings) is not None
    full = Full(monkeypatch, until=1)
    with pytest.raises(model.OutOfMemory):
        await complete(desk, settings)
    assert full.failures == 1
    assert await complete(desk, settings) is not None, "the next request is answered"


async def test_the_old_weights_are_gone_before_the_smaller_ones_come(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(save_llama(tmp_path), quantization="none", context_tokens=300)
    assert await complete(desk, settings) is not None
    runner = desk.local._loader.runner
    assert isinstance(runner, InProcessRunner)
    old, found = ref(runner._loaded.engine._backend), list[object]()
    del runner
    Full(monkeypatch, until=1)
    at_load(monkeypatch, lambda: found.append(old()))
    assert await complete(desk, settings) is not None
    assert found == [None]


@pytest.mark.parametrize(
    ("failures", "instead"),
    [(1, r"\(int4\)"), (2, r"\(int4\).* at most 516 tokens")],
    ids=["four bits", "shorter prompts too"],
)
async def test_full_while_loading_less_is_loaded_and_said_once_and_the_request_is_answered(
    desk: Desk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failures: int,
    instead: str,
) -> None:
    settings = settings_of(save_llama(tmp_path, max_position_embeddings=2048), quantization="none", context_tokens=1036)
    at_load(monkeypatch, Failures(failures))
    assert await complete(desk, settings) is not None, "the request that waited for the model"
    (warning,) = desk.warnings
    assert re.search(f"{re.escape(str(tmp_path))} does not fit on cpu. What runs instead: .*{instead}", warning)
    assert desk.engine.status.state == "ready"
    assert desk.errors == []


async def test_too_full_for_anything_is_said_and_the_next_attempt_may_succeed(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(save_llama(tmp_path), quantization="int4", context_tokens=300)
    at_load(monkeypatch, Failures(1))
    assert await complete(desk, settings) is None
    assert desk.errors == [f"No completions: {desk.engine.status.reason}"]
    assert "does not fit on cpu" in desk.engine.status.reason
    desk.local.retry()
    assert await complete(desk, settings) is not None


async def test_a_prompt_format_that_the_model_lacks_is_no_model_and_said_once(desk: Desk, tmp_path: Path) -> None:
    folder = save_llama(tmp_path)
    tokenizer = folder / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text("utf-8").replace("<｜fim▁hole｜>", "<another>"), "utf-8")
    settings = settings_of(folder, prompt_format="deepseek-coder")
    for _ in range(2):
        assert await complete(desk, settings) is None
    (said,) = desk.errors
    assert "needs the control token <｜fim▁hole｜>" in said
    assert await complete(desk, settings_of(folder)) is not None
    (warning,) = desk.warnings
    assert "completes left to right only" in warning


async def test_more_threads_than_the_machine_runs_are_not_taken(desk: Desk, tmp_path: Path) -> None:
    assert await complete(desk, settings_of(save_llama(tmp_path), threads=1024)) is not None
    (warning,) = desk.warnings
    assert warning.startswith("threads = 1024 is more than this machine runs at a time")
    assert desk.errors == []


async def test_a_prompt_longer_than_the_models_context_needs_no_more_memory(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting is only a limit: a model has its own, and the smaller one counts."""
    folder = save_llama(tmp_path)
    little = replace(model.find_device("cpu"), free_bytes=500_000_000)
    monkeypatch.setattr("seekline.model.loading.plan.find_device", lambda _: little)
    most = settings_of(folder, context_tokens=163_840, max_new_tokens=2048)
    assert await complete(desk, most) is not None
    assert desk.told == []


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
    read = model_loader.read_weights

    def reading(*args: Any) -> object:
        then()
        return read(*args)

    patch.setattr("seekline.model.backends.llama.model_loader.read_weights", reading)


async def test_nobody_asks_and_the_memory_is_given_back_until_somebody_does(desk: Desk, tmp_path: Path) -> None:
    settings = settings_of(save_llama(tmp_path), unload_minutes=0.2 / 60)
    assert await complete(desk, settings) is not None
    while desk.engine.status.state != "not loaded":
        await asyncio.sleep(0.05)
    stays = settings.model_copy(update={"unload_minutes": 0})  # else it may be gone again by the time we look
    assert await complete(desk, stays) is not None
    assert desk.engine.status.state == "ready"


async def test_a_request_is_answered_although_the_settings_change_behind_it(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model that it waited for is not loaded any more; it gets the one that is loaded instead."""
    busy, go_on = Event(), Event()

    def hold(report: Report) -> None:
        busy.set()
        assert go_on.wait(30)

    monkeypatch.setattr(desk, "_report", hold)
    desk.set(settings_of(tmp_path / "nowhere"))
    assert busy.wait(30)
    settings = settings_of(save_llama(tmp_path / "model"))
    desk.set(settings)
    asked = asyncio.ensure_future(ask(desk))
    await asyncio.sleep(0)  # it waits for the model now
    desk.set(settings.model_copy(update={"quantization": "none"}))
    go_on.set()
    assert await asked is not None
    assert "int4" not in desk.engine.status.reason


async def test_a_request_that_comes_as_the_memory_is_given_back_is_answered(desk: Desk, tmp_path: Path) -> None:
    settings = settings_of(save_llama(tmp_path))
    assert await complete(desk, settings) is not None
    desk.local._loader.unload()  # by the time the next request's turn comes
    assert await ask(desk) is not None
    assert desk.engine.status.state == "ready"


async def test_a_prompt_for_another_model_is_made_anew(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model is loaded in another way between the prompt and its turn."""
    settings = settings_of(save_llama(tmp_path))
    assert await complete(desk, settings) is not None
    made: list[int] = []
    stream = desk.local.stream

    def late(request: model.CompletionRequest, cancel: Event) -> Any:
        if not made:
            desk.local.load(replace(local_model(settings, Path()), threads=2))
        made.append(request.version)
        return stream(request, cancel)

    monkeypatch.setattr(desk.local, "stream", late)
    assert await ask(desk) is not None
    assert len(made) == 2
    assert made[0] < made[1]
