"""What of the cursor's line the model writes again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seekline import fim


@pytest.mark.parametrize(
    ("before", "partial"),
    [
        ("", ""),
        ("    ", ""),
        ("\t\t", ""),
        ("    retu", "retu"),
        ("    return ", " "),
        ("    return val", " val"),
        ("x = ", " "),
        ("x  = a.b", "b"),
        ("x = größe", " größe"),
        ("x = a1", " a1"),
        ("x = 12", " 12"),
        ("x = नमस्ते", " नमस्ते"),
        ("x =  ", " "),
        ("a =", " ="),
        ("if a !", " !"),
        ("a+", ""),
        ("def f(n):", ""),
        ("a ? b :", " :"),
        ("a ==b", "b"),
        ("f(", ""),
        ("f(a,", ""),
        ("# --------------------------------", ""),
        ("x = " + "a" * 30, ""),
    ],
)
def test_the_partial_word(before: str, partial: str) -> None:
    assert fim.partial_word(before) == partial


@given(st.text(alphabet=" \tab_é1.(=", max_size=40))
def test_it_ends_the_line_and_leaves_the_indentation(before: str) -> None:
    partial = fim.partial_word(before)
    assert before.endswith(partial)
    indentation = before[: len(before) - len(before.lstrip(" \t"))]
    assert before[: len(before) - len(partial)].startswith(indentation)


@given(st.text(alphabet=" (=.", max_size=20), st.text(alphabet="ab_é1", min_size=1, max_size=20))
def test_while_a_word_is_typed_the_prompt_stays_the_same(before: str, word: str) -> None:
    lines = [before + word[:length] for length in range(1, len(word) + 1)]
    assert len({line[: len(line) - len(fim.partial_word(line))] for line in lines}) == 1
