"""What `pipeline.complete` keeps, and when it must ask again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import pytest_asyncio
from project_files import write
from seekline import model
from seekline.server.completion import pipeline
from seekline.server.documents.documents import Change
from seekline.server.session import Session
from seekline.server.workspace import MAX_EVENTS, Happened


class Desk(Session):
    """A session whose device answers when the test says so, with the number of the question."""

    asked: int = 0
    while_asked: Any = None

    def load(self) -> None:
        """No model."""

    def submit(self, key: Any, hole: pipeline.OpenHole, *, explicit: bool) -> model.Job[pipeline.Completion | None]:
        self.asked += 1
        if self.while_asked is not None:
            self.while_asked()
        future: Future[pipeline.Completion | None] = Future()
        future.set_result(
            pipeline.Completion(
                text=str(self.asked),
                prompt_tokens=0,
                reused_tokens=0,
                new_tokens=1,
                first_token_ms=0,
                total_ms=0,
                finish="stop",
            )
        )
        return model.Job(key=key, run=lambda _: None, future=future, cancel=Event())


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    write(tmp_path, {"main.py": "", "other.py": ""})
    made = Desk("utf-16", tell=lambda *_: None, report=lambda _: None)
    made.configure([], [tmp_path])
    for name in ("main.py", "other.py"):
        made.open((tmp_path / name).as_uri(), "x = \n", "python", 1)
    yield made
    made.resident.close(5)


async def ask(desk: Desk, path: Path) -> str | None:
    hole = desk.snapshot(path.as_uri(), 0, 4)
    assert hole is not None
    return await pipeline.complete(desk, path.as_uri(), hole, explicit=True)


def typed(desk: Desk, path: Path) -> None:
    desk.change(path.as_uri(), 2, [Change(start=None, end=None, text="y = \n")])


async def test_a_change_elsewhere_asks_again(desk: Desk, tmp_path: Path) -> None:
    main, other = tmp_path / "main.py", tmp_path / "other.py"
    assert [await ask(desk, main), await ask(desk, main)] == ["1", "1"]
    typed(desk, other)
    assert await ask(desk, main) == "2"
    desk.files_changed([((tmp_path / "third.py").as_uri(), "created")])
    assert await ask(desk, main) == "3"
    desk.close_document(other.as_uri())
    assert await ask(desk, main) == "4"
    assert await ask(desk, main) == "4"


async def test_what_was_asked_before_a_change_elsewhere_is_not_kept(desk: Desk, tmp_path: Path) -> None:
    desk.while_asked = lambda: typed(desk, tmp_path / "other.py")
    assert await ask(desk, tmp_path / "main.py") == "1"
    desk.while_asked = None
    assert await ask(desk, tmp_path / "main.py") == "2"
    assert await ask(desk, tmp_path / "main.py") == "2"


async def test_what_is_known_of_a_closed_document_is_gone(desk: Desk, tmp_path: Path) -> None:
    main = tmp_path / "main.py"
    assert await ask(desk, main) == "1"
    desk.close_document(main.as_uri())
    assert not desk.cache._entries
    assert not desk.cache._changes[main.as_uri()]
    assert main.as_uri() not in str([desk._documents, desk._turns])


async def test_watched_files_are_sorted_where_nobody_waits_for_it(desk: Desk, tmp_path: Path) -> None:
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
    desk.resident.run_soon(lambda: None).future.result(10)
    assert {"made.py", "made5.py"} <= set(desk.workspace.project_of(tmp_path / "main.py").paths)


async def test_a_file_outside_all_roots_is_not_read_on_the_event_loop(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def make(path: str, *_: object) -> None:
        read.append(path)

    monkeypatch.setattr("seekline.server.workspace.view.make_file", make)
    desk.open("file:///elsewhere/alone.py", "x = \n", "python", 1)
    hole = desk.snapshot("file:///elsewhere/alone.py", 0, 4)
    assert hole is not None
    assert read == []
    hole.whole().project.document("alone.py")
    assert read == ["alone.py"]


async def test_a_line_that_is_too_long_is_told_once(desk: Desk, tmp_path: Path) -> None:
    told: list[str] = []
    desk._tell = lambda _, message: told.append(message)
    uri = (tmp_path / "main.py").as_uri()
    desk.open(uri, "x" * 2_000_000, "python", 1)
    assert [desk.snapshot(uri, 0, column) for column in (0, 5, 1_000_000)] == [None] * 3
    assert told == ["There are no completions in lines of more than 20,000 characters."]
