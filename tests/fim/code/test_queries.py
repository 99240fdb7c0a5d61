"""Queries that several languages share are written once, and inherited."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from seekline.fim.code.grammars import all_grammars, query_text

QUERIES = Path(__file__).parents[3] / "fim" / "code" / "queries"
LANGUAGES = sorted({grammar.queries for grammar in all_grammars().values()})


def test_what_is_inherited_stands_before_what_is_own() -> None:
    shared = (QUERIES / "ecma" / "imports.scm").read_text("utf-8")
    own = (QUERIES / "typescript" / "imports.scm").read_text("utf-8")
    assert own.startswith("; inherits: ecma\n")
    assert query_text("typescript", "imports") == shared + own


def test_every_folder_of_queries_is_used() -> None:
    inherited = {name for path in QUERIES.rglob("*.scm") for name in re.findall(r"^; inherits: (.+)", path.read_text())}
    assert {path.name for path in QUERIES.iterdir()} == {*LANGUAGES, *inherited}


@pytest.mark.parametrize("name", ["definitions", "imports"])
def test_related_languages_repeat_no_pattern(name: str) -> None:
    """Paragraphs of three lines or more that stand in more than one file."""
    found: Counter[str] = Counter()
    for path in QUERIES.glob(f"*/{name}.scm"):
        patterns = re.split(r"\n(?=[(\[;])", path.read_text("utf-8"))
        found.update({pattern.strip() for pattern in patterns if pattern.count("\n") >= 2})
    assert [pattern for pattern, times in found.items() if times > 1] == []
