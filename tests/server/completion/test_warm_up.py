"""What is done before the first completion in a document is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import pytest_asyncio
from fake_engine import FakeEngine
from project_files import write
from seekline import fim, model
from seekline.server.completion import complete as completing
from seekline.server.completion.complete import complete
from seekline.server.completion.snapshot import Snapshot
from seekline.server.completion.warm_up import warm_up
from seekline.server.session import Session
from seekline.server.settings.config import editor_layer

CODE = "from shapes import area\n\n\ndef total():\n    return area(\n"


class Warmed(FakeEngine):
    """Remembers what it was to compute ahead."""

    def __init__(self) -> None:
        super().__init__()
        self.warmed: list[tuple[model.CompletionRequest, Event]] = []

    def warm(self, request: model.CompletionRequest, cancel: Event) -> None:
        self.warmed.append((request, cancel))


@pytest.fixture
def engine() -> Warmed:
    return Warmed()


@pytest_asyncio.fixture
async def desk(tmp_path: Path, engine: Warmed) -> AsyncIterator[Session]:
    write(tmp_path, {"main.py": CODE, "shapes.py": "def area(width): ...\n"})
    made = Session("utf-16", tell=lambda *_: None, report=lambda _: None, engine=engine)
    made.configure([], [tmp_path])
    made.open((tmp_path / "main.py").as_uri(), CODE, "python", 1)
    yield made
    made.close(5)


def prepared_documents(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of documents as prompts are made for them."""
    found: list[str] = []

    def prepare(snapshot: Snapshot, *given: Any, **named: Any) -> Any:
        found.append(snapshot.document.path)
        return complete_prepare(snapshot, *given, **named)

    complete_prepare = completing.prepare
    monkeypatch.setattr(completing, "prepare", prepare)
    return found


async def finished(desk: Session) -> None:
    while not (desk.gathering.idle and desk.writing.idle):
        await asyncio.sleep(0.001)


async def test_a_document_that_is_opened_has_the_files_around_it_read(
    desk: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered: list[str] = []

    def gather(document: fim.Document, *given: Any) -> fim.Context:
        context = fim_gather(document, *given)
        gathered.extend(part.path for part in context.parts)
        return context

    fim_gather = fim.gather
    monkeypatch.setattr(fim, "gather", gather)
    warm_up(desk, (tmp_path / "main.py").as_uri())
    while not gathered:
        await asyncio.sleep(0.001)
    assert gathered == ["shapes.py"]
    await finished(desk)
    assert not desk.contexts._latest, "the first real prompt is as if nothing had been read"


async def test_where_the_cursor_was_the_prompt_is_computed(desk: Session, tmp_path: Path, engine: Warmed) -> None:
    uri = (tmp_path / "main.py").as_uri()
    warm_up(desk, uri)
    await finished(desk)
    assert engine.warmed == [], "nobody knows where the cursor will be"
    snapshot = desk.snapshot(uri, 4, 16)
    assert snapshot is not None
    await complete(desk, uri, snapshot, explicit=False)
    warm_up(desk, uri)
    while not engine.warmed:
        await asyncio.sleep(0.001)
    ((request, cancel),) = engine.warmed
    assert request.is_ahead
    assert request.prefix == engine.requests[0].prefix
    assert not cancel.is_set()
    desk.cache.clear()
    assert await asyncio.wait_for(complete(desk, uri, snapshot, explicit=False), 10) is not None
    await asyncio.sleep(0)
    assert cancel.is_set(), "a real request needs the device"


async def test_only_the_latest_of_many_documents(
    desk: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = prepared_documents(monkeypatch)
    for number in range(20):
        uri = (tmp_path / f"part{number}.py").as_uri()
        desk.open(uri, CODE, "python", 1)
        warm_up(desk, uri)
    while "part19.py" not in prepared:
        await asyncio.sleep(0.001)
    assert len(prepared) < 20


@pytest.mark.parametrize("settings", [{"languages": {"python": False}}, {"exclude": ["main.py"]}])
async def test_not_where_nothing_is_completed(
    desk: Session, tmp_path: Path, settings: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = prepared_documents(monkeypatch)
    desk.configure([editor_layer(settings, workspace=None)], [tmp_path])
    warm_up(desk, (tmp_path / "main.py").as_uri())
    await asyncio.sleep(0.01)
    await finished(desk)
    assert prepared == []


async def test_a_document_that_is_not_open(desk: Session) -> None:
    warm_up(desk, "file:///elsewhere.py")
