"""What is kept of a job that was cancelled: nothing, though its future is."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from concurrent.futures import Future
from threading import Event

import pytest
from device_turns import SOON_S, Device, eventually
from seekline import model
from seekline.model.decoding.request import Pause
from seekline.model.engines.futures import settle
from seekline.model.engines.scheduler import Steps


class Large:
    """Stands for a KV cache."""


@pytest.fixture
def device() -> Iterator[Device]:
    made = Device()
    yield made
    assert made.scheduler.close(SOON_S)


def test_what_a_cancelled_request_had_is_given_back_at_once(device: Device) -> None:
    held: list[weakref.ref[Large]] = []
    cancel = Event()

    def begin() -> Steps[None]:
        large = Large()
        held.append(weakref.ref(large))
        while not cancel.is_set():
            yield Pause(1)
        assert large is not None
        raise model.Cancelled

    gc.disable()
    try:
        future = device.scheduler.submit(begin, key="a", cancel=Event())
        eventually(lambda: bool(held))
        cancel.set()
        assert isinstance(future.exception(SOON_S), model.Cancelled)
        eventually(lambda: held[0]() is None)
    finally:
        gc.enable()


def test_other_errors_say_where_they_were_raised() -> None:
    future: Future[None] = Future()
    try:
        raise RuntimeError("a fault")
    except RuntimeError as error:
        settle(future, error=error)
    found = future.exception(0)
    assert found is not None
    assert found.__traceback__ is not None
