"""What is cut out of a user's own code: whole lines, spans and blocks, in any language."""

from __future__ import annotations

import random

import pytest
from seekline import fim
from seekline.learn.middles import OWN_KINDS, Source, draw_own, lines_of, source_of
from seekline.learn.middles.middle import Kind

PYTHON = '''\
"""A shop."""

import decimal


def total(prices, rate):
    # Of all of them.
    result = sum(prices)
    if rate > 0:
        result *= 1 + rate
        result = round(result, 2)

    return result
'''
C = """\
int total(int *prices, int count) {
    int result = 0;
    for (int n = 0; n < count; n++) {
        result += prices[n];
        log(result);
    }
    return call(result,
                count);
}
"""
_SEEDS = 300
RUBY = "class Shop\n  def total(prices)\n    found = prices.sum\n    found.round(2)\n  end\nend\n"


def source(text: str, path: str) -> Source:
    language = fim.language_of_path(path)
    assert language is not None
    return source_of(path, language, text)


def drawn(own: Source, kind: Kind, among: set[int] | None = None) -> set[str]:
    """All that many seeds draw."""
    numbers = set(range(len(own.lines))) if among is None else among
    middles = [draw_own(own, kind, numbers, random.Random(seed)) for seed in range(_SEEDS)]
    return {own.text[middle.start : middle.end] for middle in middles if middle is not None}


def test_lines_are_whole_lines_of_code() -> None:
    assert drawn(source(PYTHON, "shop.py"), "line") == {
        "def total(prices, rate):",
        "result = sum(prices)",
        "if rate > 0:",
        "result *= 1 + rate",
        "result = round(result, 2)",
        "return result",
    }


@pytest.mark.parametrize(
    ("text", "path", "blocks"),
    [
        (
            PYTHON,
            "shop.py",
            {
                "result *= 1 + rate\n        result = round(result, 2)",
            },
        ),
        (
            C,
            "shop.c",
            {
                "result += prices[n];\n        log(result);",
                C.partition("{\n    ")[2].removesuffix("\n}\n"),
            },
        ),
        (
            RUBY,
            "shop.rb",
            {"found = prices.sum\n    found.round(2)", RUBY.partition("Shop\n  ")[2].removesuffix("\nend\n")},
        ),
    ],
)
def test_blocks_are_what_is_indented_under_a_line(text: str, path: str, blocks: set[str]) -> None:
    assert drawn(source(text, path), "block") == blocks


def test_a_block_of_more_than_twelve_lines_is_none() -> None:
    body = "".join(f"    total += {number}\n" for number in range(13))
    assert drawn(source(f"def f(total):\n{body}", "a.py"), "block") == set()
    assert drawn(source(f"def f(total):\n{body}    return 1\nother = 1\n", "a.py"), "block") == set()
    short = "".join(body.splitlines(keepends=True)[:12])
    assert drawn(source(f"def f(total):\n{short}", "a.py"), "block") == {short.strip()}


def test_spans_begin_and_end_with_words_or_symbols() -> None:
    found = drawn(source("total = first_price\nother += total\n", "a.py"), "span")
    assert "first_price" in found
    assert "= first_price" in found
    assert "first_price\nother" in found
    assert not any(span.startswith(("irst", "rice", " ", "\n")) or span.endswith(("firs", " ", "\n")) for span in found)
    assert not any(span.startswith("total = ") for span in found), "a whole line is no span"


@pytest.mark.parametrize("kind", OWN_KINDS)
def test_only_the_lines_that_are_left_are_cut(kind: Kind) -> None:
    own = source(C, "shop.c")
    among = {3, 4}
    for seed in range(50):
        middle = draw_own(own, kind, among, random.Random(seed))
        assert middle is not None
        assert set(lines_of(own, middle)) <= among
    assert draw_own(own, kind, set(), random.Random(0)) is None


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "\x00", "x", "(" * 5000, "a" * 5000])
@pytest.mark.parametrize("kind", OWN_KINDS)
def test_odd_texts_have_nothing_to_cut(text: str, kind: Kind) -> None:
    assert drawn(source(text, "a.py"), kind) == set()
