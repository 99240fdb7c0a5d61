"""The oracle: a model that writes what was cut out, and then the rest of the file, is shown to write just that."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from seekline import fim
from seekline.fim.code.grammars import grammar_of

FILES = sorted((Path(__file__).parents[1] / "golden" / "whole").iterdir())


def as_it_is(text: str) -> str:
    return text


def with_tabs(text: str) -> str:
    """Indented by tabs, one for each two columns that are there."""
    return re.sub(r"^(?:  )+", lambda found: "\t" * (len(found[0]) // 2), text, flags=re.MULTILINE)


def of_windows(text: str) -> str:
    return text.replace("\n", "\r\n")


@pytest.mark.parametrize("change", [as_it_is, with_tabs, of_windows])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_was_cut_out_is_shown_whole(path: Path, change: Callable[[str], str], bench: Any) -> None:
    grammar = grammar_of(path.name, fim.language_of_path(path.name))
    assert grammar is not None
    every = list(bench("holes").holes_in(path.name, change(path.read_text("utf-8")), grammar))
    holes = [hole for number, hole in enumerate(every) if hole.kind != "rest" or number % 4 == 0]
    found = [bench("whole").judged(hole, grammar) for hole in holes]
    of_kind = Counter(hole.kind for hole in holes)
    assert {"rest", "statement", "inside"} <= of_kind.keys()
    assert [one for one in found if one.unbalanced] == []
    assert [one for one in found if one.text is None] == []
    inexact = Counter(one.hole.kind for one in found if not one.exact)
    assert {kind: share for kind in of_kind if (share := inexact[kind] / of_kind[kind]) > 0.05} == {}


def test_the_files_are_of_many_languages() -> None:
    assert len({fim.language_of_path(path.name) for path in FILES}) >= 13
