from __future__ import annotations

import gc
from collections.abc import Iterator
from weakref import ref

import pytest
from seekline.server.collector import IdleCollector


class Cycle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_garbage_is_collected_when_nobody_waits() -> None:
    idle = False
    collector = IdleCollector(lambda: idle)
    collector.start()
    gone = ref(Cycle())
    gc.collect(1)  # it is old now, or gone
    kept = Cycle()
    gc.collect(1)
    old = ref(kept)
    del kept
    assert not collector.collect()
    assert old() is not None
    idle = True
    assert collector.collect()
    assert old() is None
    assert gone() is None


def test_nothing_else_makes_full_collections() -> None:
    IdleCollector(lambda: False).start()
    before = gc.get_stats()[2]["collections"]
    kept = [[number] for number in range(300_000)]
    assert gc.get_stats()[2]["collections"] == before
    assert len(kept) == 300_000
