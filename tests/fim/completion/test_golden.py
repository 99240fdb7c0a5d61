"""The golden files: stop rule and filters together, over the model's text as it comes in."""

from pathlib import Path
from typing import Any

import pytest
import tomli
from marked import place
from seekline import fim

GOLDEN = Path(__file__).parents[2] / "golden"
FILES = [GOLDEN / "completions.toml", GOLDEN / "whole.toml", *sorted((GOLDEN / "filters").iterdir())]
CASES: list[dict[str, Any]] = []
for file in FILES:
    CASES += tomli.loads(file.read_text("utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_completion(case: dict[str, Any]) -> None:
    document, cursor = place(case["code"], case.get("path", "main.py"))
    rule = fim.stop_rule(document, cursor, case.get("extent", "block"), explicit=case.get("explicit", False))
    output = fim.Output(document, cursor, rule)
    for character in case["model"]:
        if output.add(character):
            break
    shown = output.shown(is_cut=case.get("is_cut", False))
    assert (shown.text if shown else None) == case.get("shows")
    replaced = document.after(cursor)[: shown.replaced_after if shown else 0]
    assert replaced == case.get("replaces", "")


def test_generation_stops_as_soon_as_it_can() -> None:
    """The model's text beyond the end is never asked for."""
    document, cursor = place("x = ▮\n")
    rule = fim.stop_rule(document, cursor, "block", explicit=False)
    output = fim.Output(document, cursor, rule)
    assert not output.add("1")
    assert output.add("\n")


@pytest.mark.parametrize("text", ["", "\n\n\n", "}" * 50, "\t \r\n", "'\"([{", "\ud800", "a\x00b", "é" * 300])
@pytest.mark.parametrize("code", ["▮", "▮\n", "\n▮", "((▮))", "x▮\r\n\r\n", "\ud800▮\udc00"])
def test_odd_text_is_no_error(code: str, text: str) -> None:
    document, cursor = place(code)
    for extent in ("line", "block"):
        rule = fim.stop_rule(document, cursor, extent, explicit=True)
        output = fim.Output(document, cursor, rule)
        output.add(text)
        shown = output.shown()
        assert shown is None or shown.text.strip()
