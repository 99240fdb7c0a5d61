"""An editor that leaves before its engine is there: what still comes about is ended, and nobody is told."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from threading import enumerate as running_threads

import pytest
from seekline import model
from seekline.model.engines.process.engine import SharedEngine
from shared_engines import WAIT_S, Hosting, shared, until


class SlowDoor:
    """A host that nobody meets before it is let in."""

    def __init__(self) -> None:
        self.hosting = Hosting()
        self.rung, self.open = Event(), Event()
        self.reports: list[model.Report] = []
        self.engine = SharedEngine(self.reports.append, self.meet)

    def meet(self, wanted: model.SharedModel) -> Connection:
        self.rung.set()
        assert self.open.wait(WAIT_S)
        return self.hosting.meet(wanted)

    def leave_early(self, folder: Path) -> None:
        self.engine.load(shared(folder))
        assert self.rung.wait(WAIT_S)
        assert not self.engine.close(0)
        self.open.set()
        assert self.engine.close(WAIT_S)


@pytest.fixture
def door() -> Iterator[SlowDoor]:
    door = SlowDoor()
    yield door
    door.open.set()
    door.hosting.close()


def test_the_host_sees_it_leave(door: SlowDoor, folder: Path) -> None:
    door.leave_early(folder)
    (thread,) = door.hosting.threads
    until(lambda: not thread.is_alive(), "it is still connected")
    assert not door.hosting.host.status().models
    assert not door.reports


def test_it_does_not_begin_to_compute_by_itself(door: SlowDoor, folder: Path) -> None:
    before = set(running_threads())
    door.hosting.away = model.EngineUnreachable("Nobody is there.", "Wait.")
    door.leave_early(folder)
    assert not {thread for thread in running_threads() if thread.name == "seekline-device"} - before
    assert not door.reports


def test_a_host_that_has_closed_serves_nobody(door: SlowDoor, folder: Path) -> None:
    assert door.hosting.host.close(WAIT_S)
    door.open.set()
    door.engine.load(shared(folder))
    until(lambda: door.reports, "nobody has hung up")
    assert door.engine.status.state == "not loaded"
    assert door.engine.close(WAIT_S)
