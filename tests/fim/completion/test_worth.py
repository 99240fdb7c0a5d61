"""What is worth showing to somebody who did not ask."""

from __future__ import annotations

import pytest
from seekline import fim


@pytest.mark.parametrize("text", ["end", "}", "#", "//", "} else {", "return", "return None", "", "x", ")"])
def test_a_whole_line_that_says_little(text: str) -> None:
    assert not fim.worth_showing(text, "    ")
    assert fim.worth_showing(text, "    x = ")


@pytest.mark.parametrize("text", ["return value", "for item in items:", "} else if (total) {", "größe = 1"])
def test_a_whole_line_that_says_something(text: str) -> None:
    assert fim.worth_showing(text, "    ")
