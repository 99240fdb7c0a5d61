"""The gate: a completion that the model is not sure of is not shown, unless it was asked for, and not written on."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from math import log
from pathlib import Path
from threading import Event
from typing import Literal

import pytest
from fake_engine import INFO, FakeEngine
from marked import place
from seekline import model
from seekline.server.completion.complete import generate
from seekline.server.completion.completion import Completion
from seekline.server.completion.confidence import FIRST_TOKENS, Confidence
from seekline.server.completion.contexts import Contexts
from seekline.server.completion.prompt_config import prompt_config
from seekline.server.completion.snapshot import Snapshot
from seekline.server.settings.settings import Settings
from seekline.server.workspace import Workspace

TEXT = "compute(width, height)\n"


class Unsure(FakeEngine):
    """Says of each character how likely it was: the first ones and those behind them."""

    def __init__(self, first: float, later: float) -> None:
        super().__init__(TEXT)
        self.written = 0
        self._first = log(first)
        self._later = log(later)

    def stream(self, request: model.CompletionRequest, cancel: Event) -> Generator[model.Piece, None, None]:
        for piece in super().stream(request, cancel):
            self.written += 1
            score = self._first if self.written <= FIRST_TOKENS else self._later
            yield replace(piece, ids=(1,), log_probability=score) if piece.text else piece


def completed(engine: FakeEngine, *, explicit: bool = False, least: Literal["auto"] | float = "auto") -> Completion:
    document, cursor = place("x = ▮\n")
    project = Workspace([], ()).project_of(Path("main.py"), document.lines)
    snapshot = Snapshot(document=document, cursor=cursor, project=project)
    config = prompt_config(INFO, Settings(least_probability=least))
    return generate(snapshot, engine, config, Contexts(), explicit=explicit)


def test_what_is_likely_is_shown() -> None:
    assert completed(Unsure(0.9, 0.9)).text == TEXT.rstrip()


def test_the_first_tokens_decide() -> None:
    assert completed(Unsure(0.9, 0.001)).text == TEXT.rstrip()


@pytest.mark.parametrize("later", [0.001, 0.9])
def test_what_is_unlikely_is_not_shown_and_not_written_on(later: float) -> None:
    engine = Unsure(0.2, later)
    completion = completed(engine)
    assert (completion.text, completion.finish) == (None, "unsure")
    assert engine.written == FIRST_TOKENS


def test_what_was_asked_for_is_shown_anyway() -> None:
    assert completed(Unsure(0.2, 0.001), explicit=True).text == TEXT.rstrip()


def test_what_the_user_has_typed_does_not_count() -> None:
    confidence = Confidence(0.5)
    assert confidence.add(model.Piece(text="retu", ids=(1,), log_probability=log(0.01)), is_known=True)
    assert confidence.add(model.Piece(text="rn", ids=(2,), log_probability=log(0.9)))
    assert confidence.of_first_tokens == pytest.approx(0.9)


def test_the_user_can_switch_it_off() -> None:
    assert completed(Unsure(0.2, 0.001), least=0).text == TEXT.rstrip()


def test_a_short_one_is_judged_by_what_it_has() -> None:
    engine = Unsure(0.2, 0.9)
    engine.text = "a\n"
    assert completed(engine).text is None


def test_how_likely_a_completion_is() -> None:
    assert completed(Unsure(0.9, 0.9)).log_probability == pytest.approx(len(TEXT) * log(0.9))


def test_an_engine_that_says_nothing_of_it_is_trusted() -> None:
    assert completed(FakeEngine(TEXT)).text == TEXT.rstrip()
