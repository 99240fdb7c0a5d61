"""One thread, on which requests take turns: who runs when, who waits for whom, and how each ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from itertools import chain, repeat
from threading import Event, current_thread
from time import monotonic, sleep

import pytest
from seekline import model
from seekline.model.decoding.request import Pause
from seekline.model.engines.scheduler import Scheduler, Steps
from seekline.model.errors import MustWait

SOON_S = 30.0


class Device:
    """A scheduler, and what ran on its thread, in order. Each pass takes a millisecond, however busy this machine is;
    while it is held, none ends."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.scheduler = Scheduler("test", clock=lambda: self.now_s)
        self.log: list[str] = []
        self.go_on = Event()
        self.go_on.set()
        self.holds_at = 0
        self.ended: list[str] = []

    def submit(
        self,
        name: str,
        prompt: int = 1,
        text: int = 0,
        *,
        key: str | None = None,
        cancel: Event | None = None,
        is_ahead: bool = False,
        before: Callable[[], None] = lambda: None,
    ) -> Future[str]:
        """A request whose passes are noted by its name."""

        def begin() -> Steps[str]:
            before()
            try:
                for left in chain(range(prompt, 0, -1), repeat(0, text)):
                    yield Pause(left)
                    self.log.append(name)
                    if len(self.log) == self.holds_at:
                        self.go_on.clear()
                    assert self.go_on.wait(SOON_S)
                    self.now_s += 0.001
            finally:
                self.ended.append(name)
            return name

        return self.scheduler.submit(begin, key=key or name, cancel=cancel or Event(), is_ahead=is_ahead)

    def hold(self) -> None:
        """Occupies the thread with a pass, so that what is submitted next comes in while it runs."""
        self.hold_in(1, lambda: self.submit("held"))

    def hold_in(self, passes: int, submit: Callable[[], Future[str]]) -> Future[str]:
        """Submits, and holds the thread in the last of so many passes."""
        self.holds_at = len(self.log) + passes
        future = submit()
        eventually(lambda: not self.go_on.is_set())
        return future

    def release(self) -> None:
        self.go_on.set()


@pytest.fixture
def device() -> Iterator[Device]:
    made = Device()
    yield made
    made.release()
    assert made.scheduler.close(SOON_S)


def eventually(condition: Callable[[], bool]) -> None:
    deadline_s = monotonic() + SOON_S
    while not condition():
        assert monotonic() < deadline_s
        sleep(0.001)


def results(*futures: Future[str]) -> list[str]:
    return [future.result(SOON_S) for future in futures]


def test_a_short_request_overtakes_a_long_one_between_two_passes(device: Device) -> None:
    long = device.hold_in(5, lambda: device.submit("long", prompt=40))
    short = device.submit("short", prompt=2, text=2)
    device.release()
    assert results(short, long) == ["short", "long"]
    assert device.log == [*["long"] * 5, *["short"] * 4, *["long"] * 35]


def test_a_long_one_that_comes_later_does_not_overtake(device: Device) -> None:
    device.submit("measured", prompt=3).result(SOON_S)
    device.hold()
    short, long = device.submit("short", prompt=2, text=3), device.submit("long", prompt=40)
    device.release()
    assert results(short, long) == ["short", "long"]
    assert device.log[4:9] == ["short"] * 5


def test_what_nobody_has_asked_for_waits(device: Device) -> None:
    device.hold()
    ahead = device.submit("ahead", is_ahead=True)
    asked = device.submit("asked", prompt=20)
    device.release()
    assert results(ahead, asked) == ["ahead", "asked"]
    assert device.log == ["held", *["asked"] * 20, "ahead"]


def test_requests_of_one_key_follow_each_other(device: Device) -> None:
    device.hold()
    futures = [device.submit(name, prompt=n, key="file") for name, n in (("a", 9), ("b", 1), ("c", 1))]
    forgotten = device.scheduler.run_behind("file", lambda: "forgotten")
    last = device.submit("d", key="file")
    device.release()
    assert results(*futures, forgotten, last) == ["a", "b", "c", "forgotten", "d"]
    assert device.log == ["held", *["a"] * 9, "b", "c", "d"]


@pytest.mark.parametrize("has_begun", [False, True])
def test_who_asks_ends_what_nobody_has_asked_for_of_its_key(device: Device, has_begun: bool) -> None:
    if has_begun:
        ahead = device.hold_in(3, lambda: device.submit("ahead", prompt=9, key="file", is_ahead=True))
    else:
        device.hold()
        ahead = device.submit("ahead", key="file", is_ahead=True)
    asked = device.submit("asked", key="file")
    device.release()
    assert asked.result(SOON_S) == "asked"
    with pytest.raises(model.Cancelled):
        ahead.result(SOON_S)
    assert ("ahead" in device.ended) == has_begun


def test_a_cancel_ends_one_that_waits_for_its_turn(device: Device) -> None:
    cancel = Event()
    long = device.hold_in(3, lambda: device.submit("long", prompt=40, cancel=cancel))
    other, stop_other = device.submit("other", prompt=5), Event()
    waiting = device.submit("waiting", key="other", cancel=stop_other)
    cancel.set()
    stop_other.set()
    device.release()
    assert other.result(SOON_S) == "other"
    for future in (long, waiting):
        with pytest.raises(model.Cancelled):
            future.result(SOON_S)
    assert "long" in device.ended
    assert "waiting" not in device.log


def test_alone_is_alone(device: Device) -> None:
    device.hold()
    before = [device.submit(name, prompt=3) for name in "ab"]
    alone = device.scheduler.run_alone(lambda: device.scheduler.under_way)
    behind = device.submit("behind")
    device.release()
    assert alone.result(SOON_S) == 1
    assert results(*before, behind) == ["a", "b", "behind"]
    assert device.log[-1] == "behind"


def test_an_error_reaches_whoever_waits_and_the_others_go_on(device: Device) -> None:
    def fail() -> None:
        raise ValueError("no")

    device.hold()
    failed, other = device.submit("failed", before=fail), device.submit("other", prompt=3)
    device.release()
    assert other.result(SOON_S) == "other"
    with pytest.raises(ValueError, match="no"):
        failed.result(SOON_S)


def test_one_that_must_wait_begins_again_when_another_has_ended(device: Device) -> None:
    tries: list[int] = []

    def needs_room() -> None:
        tries.append(device.scheduler.under_way)
        if device.scheduler.under_way > 2:
            raise MustWait(prompt_passes=1)

    first = device.hold_in(3, lambda: device.submit("a", text=30))
    device.holds_at = len(device.log) + 4
    second = device.submit("b", text=30)
    device.release()
    eventually(lambda: not device.go_on.is_set())
    third = device.submit("c", before=needs_room)
    device.release()
    assert results(third, first, second) == ["c", "a", "b"]
    assert tries == [3, 2], "they have written, so none of them is put back"


def test_one_that_has_written_nothing_makes_room_for_a_shorter_one(device: Device) -> None:
    begun: list[str] = []

    def needs_room() -> None:
        begun.append("short")
        if device.scheduler.under_way > 1:
            raise MustWait(prompt_passes=1)

    long = device.hold_in(4, lambda: device.submit("long", prompt=200, before=lambda: begun.append("long")))
    short = device.submit("short", before=needs_room)
    device.release()
    assert results(short, long) == ["short", "long"]
    assert device.log.index("short") == 4
    assert begun == ["long", "short", "short", "long"]


def test_nobody_makes_room_twice(device: Device) -> None:
    def needs_room() -> None:
        if device.scheduler.under_way > 1:
            raise MustWait(prompt_passes=1)

    long = device.hold_in(4, lambda: device.submit("long", prompt=200))
    first = device.submit("first", before=needs_room)
    device.holds_at = len(device.log) + 50
    device.release()
    assert first.result(SOON_S) == "first"
    eventually(lambda: not device.go_on.is_set())
    second = device.submit("second", before=needs_room)
    device.release()
    assert results(second, long) == ["second", "long"]
    assert device.log.count("long") == 204, "what it lost once, and what it takes"


def test_one_that_needs_all_to_end_is_not_overtaken_for_ever(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seekline.model.engines.scheduling.PATIENCE_S", 0.02)
    done = Event()

    def needs_all() -> None:
        if device.scheduler.under_way > 1:
            raise MustWait(for_all=True)
        done.set()

    def ask_again(number: int) -> None:
        """So that something is always under way, until it has had its turn."""
        if not done.is_set():
            device.submit(f"again {number}", text=10).add_done_callback(lambda _: ask_again(number))

    for number in range(3):
        ask_again(number)
    assert device.submit("needs all", before=needs_all).result(SOON_S) == "needs all"


def test_must_wait_with_nothing_under_way_is_an_error(device: Device) -> None:
    def wait() -> None:
        raise MustWait

    with pytest.raises(RuntimeError, match="there are none"):
        device.submit("alone", before=wait).result(SOON_S)


def test_close_ends_what_is_paused_on_its_thread(device: Device) -> None:
    threads: list[str] = []

    def begin() -> Steps[None]:
        try:
            for left in range(1 << 40, 0, -1):
                yield Pause(left)
        finally:
            threads.append(current_thread().name)

    device.submit("measured", prompt=3).result(SOON_S)
    device.hold()
    paused = device.scheduler.submit(begin, key="paused", cancel=Event())
    running = device.submit("running", prompt=2, text=1 << 40)
    device.release()
    eventually(lambda: device.log.count("running") > 3)
    assert device.scheduler.close(SOON_S)
    for future in (paused, running, device.submit("late")):
        with pytest.raises(model.Cancelled):
            future.result(SOON_S)
    assert threads == ["test"]
    assert "running" in device.ended
    assert device.scheduler.idle


def test_close_says_when_the_device_is_still_busy(device: Device) -> None:
    device.hold()
    assert not device.scheduler.close(0.01)


def test_what_does_not_end_well_is_logged(device: Device, caplog: pytest.LogCaptureFixture) -> None:
    def begin() -> Steps[None]:
        try:
            while True:
                yield Pause(1)
        finally:
            raise ValueError("cannot end")

    cancel = Event()
    future = device.scheduler.submit(begin, key="bad", cancel=cancel)
    cancel.set()
    with pytest.raises((model.Cancelled, ValueError)):
        future.result(SOON_S)
    assert device.submit("next").result(SOON_S) == "next"
