"""The screen of the benchmark that types: what is typed and in which rhythm, what keys do, and what is accepted."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import pytest
from marked import MARK

GARDEN = sorted((Path(__file__).parents[1] / "golden" / "whole").iterdir())


def span_of(bench: Any, code: str, path: str = "main.py") -> Any:
    """A span between two `▮`."""
    above, text, below = code.split(MARK)
    return bench("spans").Span(root=Path("/"), path=path, language="python", above=above, text=text, below=below)


def screen_at(bench: Any, code: str, *, closing: str = "") -> Any:
    """A screen of which the code says what is there, and what is still to be typed, between the marks. `closing`: what
    the editor has closed."""
    screen = bench("screen").Screen(span_of(bench, code))
    screen.closing = closing
    return screen


def typed_with(screen: Any) -> list[Any]:
    edits: list[Any] = []
    while not screen.is_done:
        edits.append(screen.next_edit())
        screen.apply(edits[-1])
    return edits


@pytest.mark.parametrize("auto_close", [False, True])
@pytest.mark.parametrize("path", GARDEN, ids=lambda path: path.name)
def test_what_is_typed_is_the_file_again(bench: Any, path: Path, auto_close: bool) -> None:
    spans = bench("spans").spans_in(path, path.parent, 100, 6, seed=3)
    assert len(spans) > 3
    for span in spans:
        screen = bench("screen").Screen(span, auto_close=auto_close)
        typed_with(screen)
        assert screen.text == path.read_text("utf-8")


def test_spans_are_drawn_by_seed(bench: Any) -> None:
    spans_in, path = bench("spans").spans_in, GARDEN[0]
    assert spans_in(path, path.parent, 2, 6, seed=3) == spans_in(path, path.parent, 2, 6, seed=3)
    assert len({spans_in(path, path.parent, 1, 6, seed=seed)[0].above for seed in range(9)}) > 1


def test_the_rhythm_is_the_same_for_every_client_and_slower_at_line_ends(bench: Any) -> None:
    spans, line = bench("spans"), "\n    total = width"
    span = span_of(bench, f"def a():{MARK}{line * 200}{MARK}\n")
    rhythm = spans.rhythm_of(span, 1)
    assert rhythm == spans.rhythm_of(span, 1) != spans.rhythm_of(span, 2)

    def median(key: str) -> float:
        return statistics.median(rhythm.before_s[line.index(key) :: len(line)])

    assert 0.12 < median("otal") < 0.18
    assert median("otal") < median("width") < median("total")


def test_enter_indents_and_a_closing_bracket_takes_it_back(bench: Any) -> None:
    screen = screen_at(bench, f"if (a) {{{MARK}\n  b();\n}}{MARK}\n")
    edits = typed_with(screen)
    assert edits[0].text == "\n  "
    assert [edit.text for edit in edits[-2:]] == ["\n  ", "}"]
    assert edits[-1].removed == 2
    assert sum(edit.keys for edit in edits) == len("\nb();\n}")


def test_a_wrong_indentation_costs_keys(bench: Any) -> None:
    screen = screen_at(bench, f"    if a:{MARK}\n        b\nc{MARK}\n")
    edits = typed_with(screen)
    assert sum(edit.keys for edit in edits) == len("\nb\n") + 2 + len("c")


def test_brackets_close_by_themselves(bench: Any) -> None:
    screen = bench("screen").Screen(span_of(bench, f"a = {MARK}f(b){MARK}\n"), auto_close=True)
    for text, behind in (("a = f(", ")\n"), ("a = f(b", ")\n"), ("a = f(b)", "\n")):
        while screen.before != text:
            screen.apply(screen.next_edit())
        assert screen.behind == behind


@pytest.mark.parametrize(
    ("text", "behind", "closing", "right", "starts_right"),
    [
        ("width)", 0, "", True, True),
        ("width", 0, "", True, True),
        ("width, height)", 0, "", False, True),
        ("height)", 0, "", False, False),
        ("width)\n\n\n", 0, "", False, True),
        ("width)", 0, ")", False, True),
        ("width)", 1, ")", True, True),
        ("width", 0, ")", True, True),
        ("width", 1, ")", False, True),
        ("", 0, "", True, False),
    ],
)
def test_what_is_right(bench: Any, text: str, behind: int, closing: str, right: bool, starts_right: bool) -> None:
    screen = screen_at(bench, f"area({MARK}width)\nreturn{MARK}\n", closing=closing)
    ghost = bench("screen").Ghost(text=text, behind=behind)
    assert screen.is_right(ghost) == right
    assert screen.starts_right(ghost) == starts_right


@pytest.mark.parametrize(
    ("text", "accepts", "accepted"),
    [
        ("width, height)", "whole", "width, height)"),
        ("width, depth)", "whole", None),
        ("width, depth)", "word", "width"),
        ("width, height)\nx", "line", "width, height)"),
        ("width, height)\nx", "whole", None),
        ("w", "word", None),
        ("depth", "word", None),
    ],
)
def test_what_is_accepted(bench: Any, text: str, accepts: str, accepted: str | None) -> None:
    screen = screen_at(bench, f"area({MARK}width, height)\nreturn{MARK}\n")
    part = screen.acceptable(bench("screen").Ghost(text=text), accepts)
    assert (part.text if part else None) == accepted
