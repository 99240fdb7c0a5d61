"""What is read around the cursor takes no more than linear time in the length of a line."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from seekline.fim.code import all_grammars
from seekline.fim.context.names import chains, usage
from seekline.fim.resolve import jsonc

GRAMMAR = all_grammars()["cpp"]
READERS: dict[str, Callable[[str], object]] = {
    "chain_before": lambda text: chains.chain_before(text + "."),
    "chain_before a name": chains.chain_before,
    "continued": lambda text: chains.continued([text + "\n"] * 60, ".a()", GRAMMAR.comment_marks),
    "continued below": lambda text: chains.continued(["a(\n"] * 60, text, GRAMMAR.comment_marks),
    "open_calls": lambda text: list(chains.open_calls([text])),
    "open_literal": lambda text: chains.open_literal(["x = " + text + "{"], GRAMMAR.value_expected),
    "parse_chain": lambda text: chains.parse_chain(text, GRAMMAR.expression_words),
    "type_names": lambda text: chains.type_names(text, GRAMMAR.expression_words),
    "members_used": lambda text: usage.members_used((text,)),
    "comments": lambda text: list(jsonc._without_comments(text)),
}
UNITS = [
    "a",
    "(",
    ")",
    "a.",
    "a(",
    "not ",
    "&",
    "! ",
    "a<",
    "{",
    "{ ",
    "::<",
    " ",
    '"',
    '\\"',
    "// ",
    "/*",
    ",// ",
    "a ",
    "'a",
    "[",
    "$",
]


@pytest.mark.parametrize("name", READERS)
def test_a_long_line_takes_linear_time(name: str) -> None:
    def cost(unit: str, length: int) -> float:
        best, text = float("inf"), unit * (length // len(unit))
        for _ in range(3):
            start = time.thread_time()
            READERS[name](text)
            best = min(best, time.thread_time() - start)
        return best

    for unit in UNITS:
        if cost(unit, 20_000) > 0.002:  # what is quadratic takes longer already
            growth = min(cost(unit, 80_000) / cost(unit, 20_000) for _ in range(3))
            assert growth < 9, unit


def test_json_with_comments_is_read_as_ever() -> None:
    text = '{ // a\n "a": "// no", /* b, } */ "c": [1, 2, /* d */ ], "e": "\\" /*", }'
    assert jsonc.parse_table(text) == {"a": "// no", "c": [1, 2], "e": '" /*'}
    for broken in (
        '{"a": "',
        '{"a": 1 /* ',
        "{,// // // // // // // // // // // // // // // // // // // // // // // // // x",
    ):
        with pytest.raises(ValueError):  # noqa: PT011 - that of the JSON module
            jsonc.parse_table(broken)
