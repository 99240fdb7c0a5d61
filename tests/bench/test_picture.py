"""The README's picture is what the model says, and whoever looks at it fetches nothing."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console


def shown(svg: str) -> str:
    """The text of a picture without its white space, of which an SVG keeps only some."""
    return "".join("".join(ElementTree.fromstring(svg).itertext()).split())


def without_times(text: str) -> list[str]:
    """The lines, but those that differ from run to run."""
    return ["".join(line.split()) for line in text.splitlines() if not re.search(r"\d ms|loaded in", line)]


@pytest.fixture
def picture(bench: Any) -> Any:
    return bench("picture")


def test_any_code_can_be_drawn(picture: Any) -> None:
    console = Console(record=True, width=picture.COLUMNS, highlight=False)
    code = 'if a < b and c[0] == "<&>{x}": return [bold]'
    console.print(code, markup=False)
    assert "".join(code.split()) in shown(picture.drawn(console))


def test_whoever_looks_at_it_fetches_nothing(picture: Any) -> None:
    svg = picture.PICTURE.read_text("utf-8")
    assert re.findall(r"url\((?!#)|@import|@font-face|href|src|<script|<image|<foreignObject", svg) == []
    assert re.findall(r"\w+://\S+", svg) == ['http://www.w3.org/2000/svg">'], "its name space, which nothing opens"


def test_it_is_what_the_model_says_today(picture: Any) -> None:
    console = picture.record()
    lines = without_times(console.export_text())
    seen = shown(picture.PICTURE.read_text("utf-8"))
    assert len(lines) > 6
    assert [line for line in lines if line not in seen] == [], "draw it anew: python bench/picture.py"
