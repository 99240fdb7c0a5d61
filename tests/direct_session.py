"""A session without an editor: it is told its settings directly, asked at one place, and remembers what it told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from seekline import model
from seekline.model import Report
from seekline.server.completion.complete import complete as complete_at
from seekline.server.completion.completion import Completion
from seekline.server.session import Session
from seekline.server.settings.config import merge
from seekline.server.settings.settings import Settings

TEXT = "def area(width, height):\n    return wid\n"


class Desk(Session):
    """A session that is told its settings directly, and remembers what it told."""

    def __init__(self, root: Path) -> None:
        self.reports: list[Report] = []
        self.told: list[tuple[str, str]] = []
        super().__init__("utf-16", tell=lambda *said: self.told.append(said), report=self.reports.append)
        self.root = root

    def set(self, settings: Settings) -> None:
        self.config = replace(merge([]), settings=settings)
        self._settled.set()
        self.load()

    @property
    def local(self) -> model.LocalEngine:
        """The engine of this process, once settings have asked for it."""
        assert isinstance(self.engine, model.ChosenEngine)
        assert isinstance(self.engine.engine, model.LocalEngine)
        return self.engine.engine

    @property
    def warnings(self) -> list[str]:
        return [message for level, message in self.told if level == "warning"]

    @property
    def errors(self) -> list[str]:
        return [message for level, message in self.told if level == "error"]


def settings_of(folder: Path, **changes: object) -> Settings:
    values = {"model": str(folder), "device": "cpu", "max_new_tokens": 4, "threads": 1, **changes}
    return merge([]).settings.model_copy(update=values)


async def complete(desk: Desk, settings: Settings, *, line: int = 1) -> Completion | None:
    desk.set(settings)
    return await ask(desk, line=line)


async def ask(desk: Desk, *, line: int = 1) -> Completion | None:
    uri = (desk.root / "area.py").as_uri()
    snapshot = desk.snapshot(uri, line, 14)
    assert snapshot is not None
    desk.cache.clear()
    return await asyncio.wait_for(complete_at(desk, uri, snapshot, explicit=True), 30)
