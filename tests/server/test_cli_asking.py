"""Repositories and completions as `seekline.learn` is given them."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_engine import INFO, FakeEngine
from marked import place
from seekline.server.cli.asking import EngineCompleter, FolderRepository, text_behind
from seekline.server.completion.completion import Completion
from seekline.server.completion.prompt_config import prompt_config
from seekline.server.settings.settings import Settings


@pytest.mark.parametrize(
    ("text", "replaced", "behind"),
    [
        ("name, litres)\nmore", (2, 0), "me, litres)\nmore"),
        ("moisture)", (2, 0), ""),
        ("me)", (0, 0), "me)"),
        (None, (0, 0), ""),
    ],
)
def test_what_stands_behind_what_is_typed(text: str | None, replaced: tuple[int, int], behind: str) -> None:
    completion = Completion(text=text, source="engine", replaced=replaced)
    assert text_behind(completion, "\tremember(bed.na") == behind


def test_a_place_finds_nothing_computed_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("def add(first, second):\n    return first + second\n")
    engine = FakeEngine("first + second\n")
    completer = EngineCompleter("fake", engine, prompt_config(INFO, Settings()))
    document, cursor = place("def add(first, second):\n    return ▮\n")
    completed = completer.complete(FolderRepository(tmp_path, Settings()), document, cursor)
    assert (completed.text, completed.is_shown) == ("first + second", True)
    assert completed.total_ms >= completed.first_token_ms > 0
    assert engine.forgotten == ["main.py", "main.py"]


def test_what_the_disk_has_is_not_shown_to_the_model(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("def add(first, second):\n    return answer_on_the_disk\n")
    engine = FakeEngine()
    completer = EngineCompleter("fake", engine, prompt_config(INFO, Settings()))
    completer.complete(FolderRepository(tmp_path, Settings()), *place("def add(first, second):\n    return ▮\n"))
    assert engine.requests
    for request in engine.requests:
        assert "answer_on_the_disk" not in repr(request)
