"""`make demo` goes on to its end: what it completes still stands in the files that it names."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def demo(bench: Any) -> Any:
    return bench("demo")


def test_every_scene_stands_in_its_file(demo: Any) -> None:
    scenes = [(demo.REPOSITORY, *scene) for scene in demo.SCENES] + [(demo.LIBRARY, *demo.WRITTEN)]
    for root, file, typed in scenes:
        place, rest = demo.cut(root, file, typed)
        assert place.document.before(place.cursor).endswith(typed.rpartition("\n")[2])
        assert rest.strip(), f"{file}: nothing is left to complete behind {typed!r}"
