"""Several completions for a user who asks: distinct, the best one first, and never fewer for a failure of others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
import pytest_asyncio
from fake_engine import FakeEngine
from seekline import model
from seekline.server.completion.candidates import others
from seekline.server.completion.complete import complete
from seekline.server.completion.completion import Completion
from seekline.server.session import Session
from seekline.server.settings.config import merge

URI = "untitled:main.py"


class Several(FakeEngine):
    """Answers each request with the next of some texts and its log-probability, or raises."""

    def __init__(self, *answers: tuple[str, float] | Exception) -> None:
        super().__init__()
        self.answers = list(answers)

    def stream(self, request: model.CompletionRequest, cancel: Event) -> Generator[model.Piece, None, None]:
        self.requests.append(request)
        answer = self.answers[len(self.requests) - 1]
        if isinstance(answer, Exception):
            raise answer
        if self.seconds_each and len(self.requests) > 1 and cancel.wait(self.seconds_each):
            raise model.Cancelled
        yield model.Piece(text=answer[0], log_probability=answer[1], end="end")


async def session_of(engine: model.Engine | None, code: str = "x = \n", **settings: object) -> Session:
    made = Session("utf-16", tell=lambda *_: None, report=lambda _: None, engine=engine)
    made.configure([], [])
    made.config = replace(merge([]), settings=made.settings.model_copy(update={"device": "cpu", **settings}))
    made.load()
    made.open(URI, code, "python", 1)
    return made


async def found(session: Session, line: int = 0, column: int = 4, *, explicit: bool = True) -> list[Completion]:
    snapshot = session.snapshot(URI, line, column)
    assert snapshot is not None
    best = await complete(session, URI, snapshot, explicit=explicit)
    if best is None or best.text is None:
        return []
    return [best, *(await others(session, URI, snapshot, best) if explicit else [])]


async def texts(engine: Several, *, explicit: bool = True) -> list[str | None]:
    session = await session_of(engine)
    try:
        return [completion.text for completion in await found(session, explicit=explicit)]
    finally:
        session.close(5)


async def test_others_follow_the_best_one_by_their_log_probability() -> None:
    assert await texts(Several(("best", -9.0), ("second", -3.0), ("third", -2.0))) == ["best", "third", "second"]


async def test_who_does_not_ask_gets_one() -> None:
    assert await texts(Several(("best", -0.5)), explicit=False) == ["best"]


async def test_all_are_distinct_after_the_filters() -> None:
    assert await texts(Several(("best", -1.0), ("best  ", -2.0), ("other", -3.0))) == ["best", "other"]


async def test_no_others_where_nothing_is_worth_showing() -> None:
    assert await texts(Several(("", -1.0))) == []


@pytest.mark.parametrize(
    "error",
    [model.InfoChanged(), model.OutOfMemory("The memory is full.", "Close something."), ValueError("no token")],
    ids=lambda error: type(error).__name__,
)
async def test_a_failure_of_others_leaves_the_best_one(error: Exception) -> None:
    assert await texts(Several(("best", -1.0), error)) == ["best"]
    assert await texts(Several(("best", -1.0), ("second", -1.0), error)) == ["best", "second"]


async def test_an_engine_that_is_asked_in_text_is_asked_for_variety() -> None:
    engine = Several(("best", -1.0), ("second", -1.0), ("third", -1.0))
    await texts(engine)
    best, second, third = engine.requests
    assert best.sampling == model.GREEDY
    assert second.sampling.temperature > 0
    assert second.sampling.seed != third.sampling.seed


async def test_a_change_ends_the_others_too() -> None:
    engine = Several(("best", -1.0), ("second", -1.0), ("third", -1.0))
    engine.seconds_each = 1000
    session = await session_of(engine)
    waiting = asyncio.ensure_future(found(session))
    while len(engine.requests) < 2:
        await asyncio.sleep(0.01)
    session.change(URI, 2, [])
    with pytest.raises(model.Cancelled):
        await asyncio.wait_for(waiting, 5)
    session.close(5)


async def test_a_long_one_may_have_twice_the_tokens_as_far_as_there_is_room() -> None:
    engine = Several(("best", -1.0), ("second", -1.0), ("third", -1.0), ("typed", -1.0))
    session = await session_of(engine, max_new_tokens=50)
    await found(session)
    session.cache.clear()
    await found(session, explicit=False)
    assert [request.max_new_tokens for request in engine.requests] == [100, 100, 100, 50]
    session.close(5)


@pytest_asyncio.fixture
async def embedded() -> AsyncIterator[Session]:
    made = await session_of(None, "def add(first, second):\n    return \n\nprint(add(1, 2))\n", model="embedded")
    yield made
    made.close(5)


@pytest.mark.parametrize("settings", [{}, {"copies": False}], ids=["line search", "token by token"])
async def test_the_embedded_model_has_three(embedded: Session, settings: dict[str, object]) -> None:
    embedded.config = replace(embedded.config, settings=embedded.settings.model_copy(update=settings))
    completions = await asyncio.wait_for(found(embedded, 1, 11), 60)
    words = [(completion.text or "").split("(")[0].split()[0] for completion in completions]
    assert len(set(words)) == 3, "each begins with another word"
    assert completions[1].reused_tokens == completions[1].prompt_tokens - 1, "on the same KV cache"


async def test_the_best_one_is_what_who_does_not_ask_gets(embedded: Session, tmp_path: Path) -> None:
    asked = await asyncio.wait_for(found(embedded, 1, 11), 60)
    embedded.config = replace(embedded.config, settings=embedded.settings.model_copy(update={"least_probability": 0.0}))
    shown = await asyncio.wait_for(found(embedded, 1, 11, explicit=False), 60)
    assert asked[0].text == shown[0].text
