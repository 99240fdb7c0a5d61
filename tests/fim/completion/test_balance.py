"""What is open at a cursor in a file too long to be scanned from its start."""

from __future__ import annotations

import pytest
from marked import place
from seekline import fim
from seekline.fim.completion.balance import SCANNED_LINES, balance_at
from seekline.fim.completion.syntax import syntax_of

DOCSTRING = '''def wrap(function):
    """Wraps a function:

        @wrap
        def streamed():
            yield 1

    It's as simple as that.
    """
    return function


'''
CLASS = "class Long:\n" + "".join(f"    def part_{n}(self):\n        return {n}\n\n" for n in range(SCANNED_LINES))


@pytest.mark.parametrize("distance", range(SCANNED_LINES - 12, SCANNED_LINES + 2))
def test_wherever_the_scan_begins_a_docstring_is_not_taken_for_code(distance: int) -> None:
    """The first line within reach may be any of the docstring's, which has a definition as an example."""
    filling = "".join(f"value_{n} = {n}\n" for n in range(distance - DOCSTRING.count("\n") // 2))
    code = "x = 1\n" * 20 + DOCSTRING + filling + "def total(first):\n    return sum(▮)\n"
    check(code, opened=("(",), needed=0)


def test_within_a_class_that_is_longer() -> None:
    check(CLASS + "    def last(self):\n        return sum(▮\n", opened=("(",), needed=1)


def check(code: str, *, opened: tuple[str, ...], needed: int) -> None:
    document, cursor = place(code)
    found = balance_at(document, cursor, syntax_of(fim.language_named("python")))
    assert found.is_code
    assert tuple(one.text for one in found.opened) == opened
    assert found.needed == needed
