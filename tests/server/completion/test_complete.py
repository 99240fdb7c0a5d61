"""One completion: what is kept, when the engine is asked again, and who is answered when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import pytest_asyncio
from fake_engine import FakeEngine
from project_files import write
from seekline import model
from seekline.server.completion.complete import complete, shown_prompt
from seekline.server.completion.completion import Completion
from seekline.server.documents.documents import Change
from seekline.server.session import Session
from seekline.server.told_once import ToldOnce
from seekline.server.workspace import MAX_EVENTS, Happened


class Counting(FakeEngine):
    """Answers with the number of the question."""

    while_asked: Any = None

    def stream(self, request: model.CompletionRequest, cancel: Event) -> Generator[model.Piece, None, None]:
        self.text = str(len(self.requests) + 1)
        if self.while_asked is not None:
            self.while_asked()
        yield from super().stream(request, cancel)


@pytest.fixture
def engine() -> Counting:
    return Counting()


@pytest_asyncio.fixture
async def desk(tmp_path: Path, engine: Counting) -> AsyncIterator[Session]:
    write(tmp_path, {"main.py": "", "other.py": ""})
    made = Session("utf-16", tell=lambda *_: None, report=lambda _: None, engine=engine)
    made.configure([], [tmp_path])
    for name in ("main.py", "other.py"):
        made.open((tmp_path / name).as_uri(), "x = \n", "python", 1)
    yield made
    made.close(5)


async def found(desk: Session, path: Path, *, explicit: bool = True) -> Completion | None:
    snapshot = desk.snapshot(path.as_uri(), 0, 4)
    assert snapshot is not None
    return await complete(desk, path.as_uri(), snapshot, explicit=explicit)


async def ask(desk: Session, path: Path) -> str | None:
    completion = await found(desk, path)
    return completion.text if completion else None


async def settled(desk: Session) -> None:
    """What was told of the disk is looked at by now."""
    await asyncio.wrap_future(desk.gathering.submit(lambda _: None).future)
    await asyncio.sleep(0)


def typed(desk: Session, path: Path) -> None:
    desk.change(path.as_uri(), 2, [Change(start=None, end=None, text="y = \n")])


async def test_a_change_elsewhere_asks_again(desk: Session, tmp_path: Path) -> None:
    main, other = tmp_path / "main.py", tmp_path / "other.py"
    assert [await ask(desk, main), await ask(desk, main)] == ["1", "1"]
    typed(desk, other)
    assert await ask(desk, main) == "2"
    write(tmp_path, {"third.py": ""})
    desk.files_changed([((tmp_path / "third.py").as_uri(), "created")])
    await settled(desk)
    assert await ask(desk, main) == "3"
    desk.close_document(other.as_uri())
    assert await ask(desk, main) == "4"
    assert await ask(desk, main) == "4"


EVENTS = {
    "git": (".git/index", "changed"),
    "a dependency": ("node_modules/left-pad/index.js", "created"),
    "output that git ignores": ("build.log", "changed"),
    "the file's own save": ("main.py", "changed"),
    "the save of an open file": ("other.py", "changed"),
}


@pytest.mark.parametrize(("name", "what"), EVENTS.values(), ids=list(EVENTS))
async def test_events_that_no_prompt_sees_leave_what_is_known(
    desk: Session, tmp_path: Path, name: str, what: Happened
) -> None:
    write(tmp_path, {".gitignore": "*.log\n", ".git/index": "", "build.log": "", "node_modules/left-pad/index.js": ""})
    assert await ask(desk, tmp_path / "main.py") == "1"
    desk.files_changed([((tmp_path / name).as_uri(), what)])
    await settled(desk)
    assert await ask(desk, tmp_path / "main.py") == "1"


@pytest.mark.parametrize("name", ["seen.py", ".gitignore", "made/deep.py"])
async def test_events_that_prompts_may_see_ask_again(desk: Session, tmp_path: Path, name: str) -> None:
    write(tmp_path, {"seen.py": "", ".gitignore": ""})
    assert await ask(desk, tmp_path / "main.py") == "1"
    write(tmp_path, {name: "x = 1\n"})
    desk.files_changed([((tmp_path / name).as_uri(), "created" if "/" in name else "changed")])
    await settled(desk)
    assert await ask(desk, tmp_path / "main.py") == "2"


async def test_where_a_completion_came_from(desk: Session, tmp_path: Path, engine: Counting) -> None:
    main = tmp_path / "main.py"
    first, second = await found(desk, main), await found(desk, main)
    assert first is not None
    assert second is not None
    assert [first.source, second.source] == ["engine", "cache"]
    (request,) = engine.requests
    assert request.prefix.endswith("x = ")
    assert request.key == "main.py"


async def test_what_was_asked_before_a_change_elsewhere_is_not_kept(
    desk: Session, tmp_path: Path, engine: Counting
) -> None:
    loop = asyncio.get_running_loop()

    def change() -> None:
        done: Future[None] = Future()
        loop.call_soon_threadsafe(lambda: done.set_result(typed(desk, tmp_path / "other.py")))
        done.result(10)

    engine.while_asked = change
    assert await ask(desk, tmp_path / "main.py") == "1"
    engine.while_asked = None
    assert await ask(desk, tmp_path / "main.py") == "2"
    assert await ask(desk, tmp_path / "main.py") == "2"


async def test_what_is_known_of_a_closed_document_is_gone(desk: Session, tmp_path: Path, engine: Counting) -> None:
    main = tmp_path / "main.py"
    assert await ask(desk, main) == "1"
    desk.close_document(main.as_uri())
    assert not desk.cache._entries
    assert not desk.cache._changes[main.as_uri()]
    assert main.as_uri() not in str([desk.documents._documents, desk.turns._latest, desk.in_flight._latest])
    assert engine.forgotten == ["main.py"]


async def test_a_newer_request_has_the_older_one_answered_at_once_and_the_engine_stopped(
    desk: Session, tmp_path: Path, engine: Counting
) -> None:
    engine.seconds_each = 1000
    older = asyncio.ensure_future(found(desk, tmp_path / "main.py"))
    while not engine.requests:
        await asyncio.sleep(0.01)
    engine.seconds_each = 0
    assert await ask(desk, tmp_path / "main.py") == "2"
    with pytest.raises(model.Cancelled):
        await older


async def test_a_prompt_is_made_while_the_engine_writes_for_another_document(
    desk: Session, tmp_path: Path, engine: Counting
) -> None:
    engine.seconds_each = 1000
    writing = asyncio.ensure_future(found(desk, tmp_path / "main.py"))
    while not engine.requests:
        await asyncio.sleep(0.01)
    snapshot = desk.snapshot((tmp_path / "other.py").as_uri(), 0, 4)
    assert snapshot is not None
    shown = await shown_prompt(desk, snapshot)
    assert shown is not None
    assert shown["prefix"].endswith("x = ")
    assert not writing.done()
    writing.cancel()


async def test_watched_files_are_sorted_where_nobody_waits_for_it(desk: Session, tmp_path: Path) -> None:
    """However many there are, the event loop takes no more than what it needs to see that they are too many."""
    taken = 0

    def many() -> Iterator[tuple[str, Happened]]:
        nonlocal taken
        for number in range(100_000):
            taken += 1
            yield (tmp_path / f"made{number}.py").as_uri(), "created"

    project = desk.workspace.project_of(tmp_path / "main.py")
    assert "made.py" not in project.paths
    write(tmp_path, {"made.py": "", "made5.py": ""})
    desk.files_changed(many())
    assert taken == MAX_EVENTS + 1
    await settled(desk)
    assert {"made.py", "made5.py"} <= set(desk.workspace.project_of(tmp_path / "main.py").paths)


async def test_a_file_outside_all_roots_is_not_read_on_the_event_loop(
    desk: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def make(path: str, *_: object) -> None:
        read.append(path)

    monkeypatch.setattr("seekline.server.workspace.view.make_file", make)
    desk.open("file:///elsewhere/alone.py", "x = \n", "python", 1)
    snapshot = desk.snapshot("file:///elsewhere/alone.py", 0, 4)
    assert snapshot is not None
    assert read == []
    snapshot.whole().project.document("alone.py")
    assert read == ["alone.py"]


async def test_a_line_that_is_too_long_is_told_once(desk: Session, tmp_path: Path) -> None:
    told: list[str] = []
    desk.tell_once = ToldOnce(lambda _, message: told.append(message))
    uri = (tmp_path / "main.py").as_uri()
    desk.open(uri, "x" * 2_000_000, "python", 1)
    assert [desk.snapshot(uri, 0, column) for column in (0, 5, 1_000_000)] == [None] * 3
    assert told == ["There are no completions in lines of more than 20,000 characters."]
