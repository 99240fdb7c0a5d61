"""What becomes of a completion that is being written when the user types on, and what is written before anyone asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import fake_engine
import pytest
import pytest_asyncio
from project_files import write
from seekline import model
from seekline.model.catalogue import learned
from seekline.server.completion import in_flight
from seekline.server.completion.complete import complete
from seekline.server.completion.completion import Completion
from seekline.server.documents.documents import Change
from seekline.server.session import Session
from seekline.server.settings.config import editor_layer
from stepping_engine import Stepping, until


@pytest.fixture
def engine() -> Stepping:
    return Stepping()


@pytest_asyncio.fixture
async def desk(tmp_path: Path, engine: Stepping, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Session]:
    monkeypatch.setattr(in_flight, "_PATIENCE_S", 1000)
    write(tmp_path, {"main.py": "", "other.py": ""})
    made = Session("utf-16", tell=lambda *_: None, report=lambda _: None, engine=engine)
    made.configure([editor_layer({"debounceMs": 0, "lookAhead": False}, workspace=None)], [tmp_path])
    for name in ("main.py", "other.py"):
        made.open((tmp_path / name).as_uri(), "a = \n", "python", 1)
    yield made
    engine.steps = 1000
    made.close(5)


def ask(desk: Session, path: Path, column: int, *, line: int = 0) -> asyncio.Task[Completion | None]:
    snapshot = desk.snapshot(path.as_uri(), line, column)
    assert snapshot is not None
    return asyncio.ensure_future(complete(desk, path.as_uri(), snapshot, explicit=False))


def typed(desk: Session, path: Path, text: str, column: int) -> None:
    desk.change(path.as_uri(), 2, [Change(text=text, start=(0, column), end=(0, column))])


async def typed_while_it_writes(desk: Session, path: Path, engine: Stepping, text: str) -> None:
    """Asks, and types on once the engine is asked; the request is over then."""
    first = ask(desk, path, 4)
    await until(engine, requests=1)
    typed(desk, path, text, 4)
    with pytest.raises(model.Cancelled):
        await first


async def test_a_key_that_agrees_leaves_the_engine_at_work(desk: Session, tmp_path: Path, engine: Stepping) -> None:
    main = tmp_path / "main.py"
    await typed_while_it_writes(desk, main, engine, "f")
    second = ask(desk, main, 5)
    engine.steps = 1000
    found = await second
    assert found is not None
    assert (found.text, found.source) == ("oo(x)", "taken over")
    assert len(engine.requests) == 1


async def test_a_bracket_that_the_editor_closes_agrees_too(desk: Session, tmp_path: Path, engine: Stepping) -> None:
    main = tmp_path / "main.py"
    await typed_while_it_writes(desk, main, engine, "foo()")
    second = ask(desk, main, 8)
    engine.steps = 1000
    found = await second
    assert found is not None
    assert (found.text, len(engine.requests)) == ("x", 1)


async def test_a_key_that_says_something_else_stops_it(desk: Session, tmp_path: Path, engine: Stepping) -> None:
    main = tmp_path / "main.py"
    engine.steps = 2
    first = ask(desk, main, 4)
    await until(engine, requests=1)
    while engine.stopped == 0 and not first.done():
        typed(desk, main, "b", 4)
        await asyncio.sleep(0.01)
    await until(engine, stopped=1)
    with pytest.raises(model.Cancelled):
        await first


async def test_what_comes_to_disagree_stops_and_is_asked_anew(desk: Session, tmp_path: Path, engine: Stepping) -> None:
    main = tmp_path / "main.py"
    await typed_while_it_writes(desk, main, engine, "fa")
    second = ask(desk, main, 6)
    await asyncio.sleep(0.01)
    assert len(engine.requests) == 1, "nothing is written yet that would disagree"
    engine.steps = 1000
    found = await second
    assert found is not None
    assert (found.text, found.source) == ("foo(x)", "engine")
    assert len(engine.requests) == 2


async def test_a_change_elsewhere_in_the_document_stops_it(desk: Session, tmp_path: Path, engine: Stepping) -> None:
    main = tmp_path / "main.py"
    first = ask(desk, main, 4)
    await until(engine, requests=1)
    typed(desk, main, "b", 0)
    await until(engine, stopped=1)
    with pytest.raises(model.Cancelled):
        await first


async def test_where_nobody_asks_again_it_stops(
    desk: Session, tmp_path: Path, engine: Stepping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_flight, "_PATIENCE_S", 0.01)
    main = tmp_path / "main.py"
    first = ask(desk, main, 4)
    await until(engine, requests=1)
    typed(desk, main, "f", 4)
    await until(engine, stopped=1)
    assert isinstance((await asyncio.gather(first, return_exceptions=True))[0], model.Cancelled)


async def test_a_cancelled_request_stops_the_engine_at_once(desk: Session, tmp_path: Path, engine: Stepping) -> None:
    first = ask(desk, tmp_path / "main.py", 4)
    await until(engine, requests=1)
    first.cancel()
    await until(engine, stopped=1)


async def test_a_closed_document_stops_it(desk: Session, tmp_path: Path, engine: Stepping) -> None:
    main = tmp_path / "main.py"
    first = ask(desk, main, 4)
    await until(engine, requests=1)
    typed(desk, main, "f", 4)
    desk.close_document(main.as_uri())
    await until(engine, stopped=1)
    assert isinstance((await asyncio.gather(first, return_exceptions=True))[0], model.Cancelled)


async def test_what_is_typed_along_goes_on_where_nothing_new_is_asked_for(
    desk: Session, tmp_path: Path, engine: Stepping
) -> None:
    main = tmp_path / "main.py"
    engine.text, engine.steps = "f(x).y\n", 1000
    assert await ask(desk, main, 4) is not None
    typed(desk, main, "f(x)", 4)
    found = await ask(desk, main, 8)
    assert found is not None
    assert (found.text, len(engine.requests)) == (".y", 1)
    typed(desk, main, "]", 8)
    assert await ask(desk, main, 9) is None


async def looking_ahead(desk: Session, tmp_path: Path) -> None:
    desk.configure([editor_layer({"debounceMs": 0}, workspace=None)], [tmp_path])


async def test_what_comes_after_a_completion_is_written_before_it_is_asked_for(
    desk: Session, tmp_path: Path, engine: Stepping
) -> None:
    """`foo(x)` looks whole: the next line is what the user will ask for."""
    await looking_ahead(desk, tmp_path)
    main = tmp_path / "main.py"
    engine.free = 2
    assert await ask(desk, main, 4) is not None
    await until(engine, requests=2, stopped=2)
    assert engine.requests[1].prefix.endswith("a = foo(x)\n")
    assert [request.is_ahead for request in engine.requests] == [False, True]
    while not all(writing.task.done() for writing in desk.in_flight._latest.values()):
        await asyncio.sleep(0.001)
    typed(desk, main, "foo(x)\n", 4)
    ahead = await ask(desk, main, 0, line=1)
    assert ahead is not None
    assert (ahead.text, ahead.source) == ("foo(x)", "cache")
    await until(engine, requests=3)  # and the one behind that


async def test_a_real_request_stops_a_look_ahead(desk: Session, tmp_path: Path, engine: Stepping) -> None:
    await looking_ahead(desk, tmp_path)
    engine.free = 1
    assert await ask(desk, tmp_path / "main.py", 4) is not None
    await until(engine, requests=2)
    other = ask(desk, tmp_path / "other.py", 4)
    await until(engine, requests=3)
    assert engine.stopped == 2
    engine.steps = 1000
    assert await other is not None


async def test_documents_do_not_wait_for_each_other(desk: Session, tmp_path: Path, engine: Stepping) -> None:
    """The engine says whose turn it is."""
    asked = [ask(desk, tmp_path / "main.py", 4), ask(desk, tmp_path / "other.py", 4)]
    await until(engine, requests=2)
    engine.steps = 1000
    for found in await asyncio.gather(*asked):
        assert found is not None
        assert found.text == "foo(x)"


async def test_a_look_ahead_is_taken_over_while_it_is_written(desk: Session, tmp_path: Path, engine: Stepping) -> None:
    await looking_ahead(desk, tmp_path)
    main = tmp_path / "main.py"
    engine.free = 1
    assert await ask(desk, main, 4) is not None
    await until(engine, requests=2)
    typed(desk, main, "foo(x)\n", 4)
    second = ask(desk, main, 0, line=1)
    await asyncio.sleep(0.01)
    engine.steps = 1000
    found = await second
    assert found is not None
    assert (found.text, found.source) == ("foo(x)", "taken over")
    assert engine.requests[1].prefix.endswith("a = foo(x)\n")


async def test_nothing_is_sent_elsewhere_that_nobody_asked_for(
    desk: Session, tmp_path: Path, engine: Stepping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking ahead is for engines on this machine."""
    far = replace(fake_engine.INFO, limits=replace(fake_engine.LIMITS, is_local=False))
    monkeypatch.setattr(fake_engine, "INFO", far)
    await looking_ahead(desk, tmp_path)
    engine.steps = 1000
    assert await ask(desk, tmp_path / "main.py", 4) is not None
    while not desk.status.idle:
        await asyncio.sleep(0.001)
    assert await ask(desk, tmp_path / "other.py", 4) is not None
    assert len(engine.requests) == 2


def learn(tmp_path: Path) -> None:
    """Something, from the folder that is open."""
    draft, base = tmp_path / "draft", model.embedded_folder()
    write(draft, {"adapter_config.json": "{}"})
    learned.publish(learned.learned_folder(tmp_path, base), draft, repository=tmp_path, base=base)


async def test_what_is_written_without_what_was_learned_is_not_taken_over(
    desk: Session, tmp_path: Path, engine: Stepping
) -> None:
    main = tmp_path / "main.py"
    await typed_while_it_writes(desk, main, engine, "f")
    learn(tmp_path)
    second = ask(desk, main, 5)
    await until(engine, requests=2, stopped=1)
    engine.steps = 1000
    found = await second
    assert found is not None
    assert found.source == "engine"


async def test_who_waits_when_something_is_learned_gets_an_answer_that_nobody_else_gets(
    desk: Session, tmp_path: Path, engine: Stepping
) -> None:
    main, other = tmp_path / "main.py", tmp_path / "other.py"
    waiting = ask(desk, main, 4)
    await until(engine, requests=1)
    learn(tmp_path)
    elsewhere = ask(desk, other, 4)
    await until(engine, requests=1)
    engine.steps = 1000
    assert await waiting is not None
    assert await elsewhere is not None
    again = await ask(desk, main, 4)
    assert again is not None
    assert again.source == "engine", "what is known is from before"


async def test_what_is_known_is_forgotten_when_something_is_learned_or_forgotten(
    desk: Session, tmp_path: Path, engine: Stepping
) -> None:
    main = tmp_path / "main.py"
    engine.steps = 1000
    sources: list[str] = []

    async def note() -> None:
        found = await ask(desk, main, 4)
        assert found is not None
        sources.append(found.source)

    await note()
    await note()
    learn(tmp_path)
    await note()
    await note()
    learned.withdraw(learned.learned_folder(tmp_path, model.embedded_folder()))
    await note()
    assert sources == ["engine", "cache", "engine", "cache", "engine"]
