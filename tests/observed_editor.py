"""An editor with one document and its cursor, which shows what it is given, and what is counted of that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from marked import MARK
from seekline.server.completion.completion import Completion
from seekline.server.documents.documents import Change, OpenDocument
from seekline.server.statistics.candidate import Candidate, candidate_of
from seekline.server.statistics.observer import Observer
from seekline.server.statistics.rows import CompletionRow, Row

URI = "file:///main.py"


class Timer:
    """A timer that a test lets run out."""

    def __init__(self, seconds: float, action: Callable[[], None]) -> None:
        self.seconds = seconds
        self.action = action
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class ObservedEditor:
    """What it does is told to an `Observer`; `rows` has what that writes."""

    def __init__(self, code: str) -> None:
        self.text = code.replace(MARK, "")
        self.cursor = code.index(MARK)
        self.rows: dict[str, CompletionRow] = {}
        self.timers: list[Timer] = []
        self.observer = Observer(self._put, self._later)
        self.document = OpenDocument(self.text, language_id="python")
        self.id = ""

    def _put(self, row: Row) -> None:
        assert isinstance(row, CompletionRow)
        self.rows[row.id] = row

    def _later(self, seconds: float, action: Callable[[], None]) -> asyncio.TimerHandle:
        self.timers.append(Timer(seconds, action))
        return cast(asyncio.TimerHandle, self.timers[-1])

    def wait(self, seconds: float) -> None:
        for timer in self.timers:
            if timer.seconds == seconds and not timer.is_cancelled:
                timer.action()

    def candidate(self, text: str, replaced: tuple[int, int] = (0, 0)) -> Candidate:
        line, column = self._place(self.cursor)
        around = self.document.around(line, column, "utf-32")
        assert around is not None
        made = candidate_of(Completion(text=text, source="engine", replaced=replaced), around)
        assert made is not None
        return made

    def is_shown(self, *texts: str, replaced: tuple[int, int] = (0, 0)) -> str:
        candidates = [self.candidate(text, replaced) for text in texts]
        self.id = self.observer.offer(candidates, uri=URI, language="python", kind="ghost text")
        return self.id

    def replace(self, start: int, removed: int, text: str) -> None:
        self.text = self.text[:start] + text + self.text[start + removed :]
        change = Change(text=text, start=self._place(start), end=self._place(start + removed))
        self.observer.changed(URI, [self.document.apply(change, "utf-32")])
        self.cursor = start + len(text)

    def insert(self, text: str) -> None:
        self.replace(self.cursor, 0, text)

    def type(self, text: str) -> None:
        for key in text:
            self.insert(key)

    def backspace(self) -> None:
        self.replace(self.cursor - 1, 1, "")

    @property
    def kept(self) -> tuple[int | None, int | None]:
        """Characters of the completion that was shown last, after 30 s and 5 min."""
        return self.rows[self.id].kept_30_s, self.rows[self.id].kept_5_min

    def go_behind(self, text: str) -> None:
        self.cursor = self.text.index(text) + len(text)

    def leave(self) -> dict[str, Any]:
        """Closes the document: what was counted of the completion that was shown last."""
        self.observer.closed(URI)
        row = self.rows[self.id]
        return {"outcome": row.outcome, "accepted": row.accepted_characters}

    def _place(self, offset: int) -> tuple[int, int]:
        """A line and a column in the document as it still is."""
        text = "".join(self.document.lines)
        line = text.count("\n", 0, offset)
        return line, offset - (text.rfind("\n", 0, offset) + 1)
