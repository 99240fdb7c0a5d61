"""When completions come: modes, pauses, and how long typing must pause."""

from __future__ import annotations

from typing import Any

import pytest
from seekline import fim
from seekline.server.completion import pauses
from seekline.server.completion.asking import Asks, asks_in
from seekline.server.completion.pauses import Pauses, Scope
from seekline.server.completion.rhythm import Rhythm
from seekline.server.settings.config import editor_layer, merge

PYTHON, MARKDOWN = fim.language_named("python"), fim.language_named("markdown")


@pytest.mark.parametrize(
    ("settings", "path", "expected"),
    [
        ({}, "a.py", "eager"),
        ({"mode": "subtle"}, "a.py", "subtle"),
        ({"languages": {"python": False}}, "a.py", "never"),
        ({"languages": {"python": "subtle"}}, "a.py", "subtle"),
        ({"languages": {"*": False, "python": True}}, "a.py", "eager"),
        ({"languages": {"*": False}}, "a.md", "never"),
        ({"mode": "subtle", "languages": {"python": "eager"}}, "a.py", "eager"),
        ({"mode": "subtle", "languages": {"python": True}}, "a.py", "subtle"),
        ({"files": {"docs/**": False}}, "docs/deep/a.py", "never"),
        ({"files": {"docs/**": False}}, "src/a.py", "eager"),
        ({"files": {"*.py": False, "test_*.py": "subtle"}}, "deep/test_a.py", "subtle"),
        ({"languages": {"python": False}, "files": {"src/": "eager"}}, "src/a.py", "eager"),
    ],
)
def test_what_the_settings_say(settings: dict[str, Any], path: str, expected: Asks) -> None:
    config = merge([editor_layer(settings, workspace=None)])
    assert config.problems == ()
    assert asks_in(config.settings, path, PYTHON if path.endswith(".py") else MARKDOWN) == expected


def test_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr(pauses, "monotonic", lambda: now_s)
    held = Pauses()
    assert not held.hold("a", "python")
    held.pause(Scope(), minutes=2)
    assert held.hold("a", "python")
    now_s += 119
    assert held.everywhere
    now_s += 1
    assert not held.everywhere
    held.pause(Scope(uri="a"))
    held.pause(Scope(language="go"))
    assert held.hold("a", "python")
    assert not held.hold("b", "python")
    assert held.hold("b", "go")
    assert not held.hold("b", None)
    held.resume(Scope(language="go"))
    assert not held.hold("b", "go")
    held.resume(Scope())
    assert not held.hold("a", "python")


def rhythm_of(*, interval_s: float | None, took_s: float | None) -> float:
    rhythm = Rhythm()
    for number in range(10):
        if interval_s is not None:
            rhythm.key(number * interval_s)
        if took_s is not None:
            rhythm.took(took_s)
    return rhythm.pause_s


def test_how_long_typing_must_pause() -> None:
    assert rhythm_of(interval_s=0.2, took_s=None) == 0, "nothing is known of the model"
    assert rhythm_of(interval_s=0.2, took_s=0.02) == pytest.approx(0.005), "a quarter of what it takes"
    assert rhythm_of(interval_s=None, took_s=0.4) == pytest.approx(0.1)
    assert rhythm_of(interval_s=0.06, took_s=4) == pytest.approx(0.075), "until the next key would be there"
    assert rhythm_of(interval_s=0.5, took_s=4) == 0.15, "and never long"
    assert rhythm_of(interval_s=5, took_s=0.4) == pytest.approx(0.1), "a pause is no interval"
