"""What is made of what an engine writes: in the place of what, and cut back where its time or tokens ran out."""

from __future__ import annotations

from collections.abc import Generator
from threading import Event

import pytest
from fake_engine import INFO, FakeEngine
from marked import place
from memory_project import MemoryProject
from seekline import model
from seekline.model.engines.engine import End
from seekline.server.completion.complete import generate
from seekline.server.completion.completion import Completion
from seekline.server.completion.contexts import Contexts
from seekline.server.completion.prompt_config import prompt_config
from seekline.server.completion.snapshot import Snapshot
from seekline.server.settings.settings import Settings


class Ending(FakeEngine):
    """Ends for a reason."""

    end: End = "end"

    def stream(self, request: model.CompletionRequest, cancel: Event) -> Generator[model.Piece, None, None]:
        self.requests.append(request)
        yield model.Piece(text=self.text)
        yield model.Piece(text="", end=self.end)


def completed(code: str, text: str, end: End = "end") -> tuple[Completion, Ending]:
    document, cursor = place(code)
    engine = Ending(text)
    engine.end = end
    snapshot = Snapshot(document=document, cursor=cursor, project=MemoryProject({}))
    config = prompt_config(INFO, Settings(deadline_ms=1500))
    return generate(snapshot, engine, config, Contexts(), explicit=True), engine


@pytest.mark.parametrize(("end", "shown"), [("time", "price"), ("length", "price"), ("end", "price * amou")])
def test_half_a_word_is_shown_only_where_the_model_ended_it(end: End, shown: str) -> None:
    completion, engine = completed("total = ▮\n", "price * amou", end)
    assert (completion.text, completion.finish) == (shown, end)
    assert engine.requests[0].time_limit_s == 1.5


def test_what_an_editor_closed_gives_way() -> None:
    completion, _ = completed("total = len(▮)\n", "names) + 1\n")
    assert (completion.text, completion.replaced) == ("names) + 1", (0, 1))


def test_line_ends_are_the_documents() -> None:
    completion, _ = completed("def f():▮\r\n", "\n    a = 1\n    return a\n")
    assert completion.text == "\r\n    a = 1\r\n    return a"
