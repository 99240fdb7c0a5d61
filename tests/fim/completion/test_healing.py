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
        ("x = a1", ""),
        ("f(", ""),
        ("x = " + "a" * 30, ""),
    ],
)
def test_the_partial_word(before: str, partial: str) -> None:
    assert fim.partial_word(before) == partial


@given(st.text(alphabet=" \tab_é1.(", max_size=40))
def test_it_ends_the_line_and_leaves_the_indentation(before: str) -> None:
    partial = fim.partial_word(before)
    assert before.endswith(partial)
    indentation = before[: len(before) - len(before.lstrip(" \t"))]
    assert before[: len(before) - len(partial)].startswith(indentation)
