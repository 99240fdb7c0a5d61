"""What reads the lines around a cursor takes time in proportion to them, whatever they are made of."""

from __future__ import annotations

from collections.abc import Callable
from time import thread_time

import pytest
from seekline.fim.code import all_grammars
from seekline.fim.context.names.chains import CHAIN, chain_before, open_calls, open_literal
from seekline.fim.context.names.usage import members_used

UNITS = ["a", " ", "a.", "a(", "a)", "([{", "a:", "a?", "&", "& ", "->", "a<", "= ", "\\", '"']
READERS: dict[str, Callable[[str], object]] = {
    "chains": lambda line: list(CHAIN.finditer(line)),
    "chain before": lambda line: chain_before(line, colon=True),
    "open calls": lambda line: list(open_calls([line])),
    "open literal": lambda line: open_literal([line + "{"], all_grammars()["cpp"].value_expected),
    "members used": lambda line: members_used((line,)),
}


def seconds(read: Callable[[str], object], line: str) -> float:
    """The best of three, in the time of this thread alone."""
    took: list[float] = []
    for number in range(3):
        started = thread_time()
        read(f"{number}{line}")  # another one for a cache
        took.append(thread_time() - started)
    return min(took)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("unit", UNITS)
def test_eight_times_the_line_takes_about_eight_times_as_long(reader: str, unit: str) -> None:
    """A quadratic reader takes sixty-four times as long; below a millisecond nobody would notice."""
    short, long = (unit * (characters // len(unit)) + "x!" for characters in (2_000, 16_000))
    assert seconds(READERS[reader], long) < max(0.001, 30 * seconds(READERS[reader], short))
