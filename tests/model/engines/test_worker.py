"""One thread runs the jobs in order; newer work of a key ends older work, and nobody waits for the device to see it."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, current_thread

import pytest
from seekline import model


@pytest.fixture
def worker() -> Iterator[model.Worker]:
    worker = model.Worker("test")
    yield worker
    assert worker.close(10)


class Blocking:
    """A job that runs until it is released, or cancelled if it looks."""

    def __init__(self, *, looks: bool = True) -> None:
        self.started, self.release, self.ended = Event(), Event(), Event()
        self.looks = looks
        self.saw_cancel = False

    def __call__(self, cancel: Event) -> str:
        self.started.set()
        while not self.release.wait(0.001):
            if self.looks and cancel.is_set():
                self.saw_cancel = True
                self.ended.set()
                raise model.Cancelled
        self.ended.set()
        return "done"


def test_jobs_run_in_order_on_one_thread(worker: model.Worker) -> None:
    jobs = [worker.submit(lambda _, n=n: (n, current_thread().name)) for n in range(20)]
    assert [job.future.result(5) for job in jobs] == [(n, "test") for n in range(20)]


def test_an_error_reaches_whoever_waits_and_the_worker_goes_on(worker: model.Worker) -> None:
    def fail(_: Event) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        worker.submit(fail).future.result(5)
    assert worker.submit(lambda _: 1).future.result(5) == 1


def test_newer_work_of_a_key_ends_the_running_job(worker: model.Worker) -> None:
    older = Blocking()
    job = worker.submit(older, key="a")
    assert older.started.wait(5)
    assert worker.submit(lambda _: "newer", key="a").future.result(5) == "newer"
    with pytest.raises(model.Cancelled):
        job.future.result(5)
    assert older.saw_cancel


def test_whoever_waits_is_told_before_the_device_has_stopped(worker: model.Worker) -> None:
    deaf = Blocking(looks=False)
    job = worker.submit(deaf, key="a")
    assert deaf.started.wait(5)
    newer = worker.submit(lambda _: "newer", key="a")
    with pytest.raises(model.Cancelled):
        job.future.result(5)
    assert not deaf.ended.is_set()
    deaf.release.set()
    assert newer.future.result(5) == "newer"


def test_waiting_jobs_of_a_key_never_run(worker: model.Worker) -> None:
    first, ran = Blocking(), []
    worker.submit(first)
    jobs = [worker.submit(lambda _, n=n: ran.append(n), key="a") for n in range(5)]
    first.release.set()
    jobs[-1].future.result(5)
    assert ran == [4]
    for job in jobs[:-1]:
        with pytest.raises(model.Cancelled):
            job.future.result(5)


def test_other_keys_are_left_alone(worker: model.Worker) -> None:
    first = Blocking()
    job = worker.submit(first, key="a")
    other = worker.submit(lambda _: "b", key="b")
    first.release.set()
    assert (job.future.result(5), other.future.result(5)) == ("done", "b")


def test_a_future_that_was_cancelled_does_not_run() -> None:
    worker, first, ran = model.Worker("test"), Blocking(), []
    worker.submit(first)
    job = worker.submit(lambda _: ran.append(1))
    assert job.future.cancel()
    first.release.set()
    assert worker.submit(lambda _: 2).future.result(5) == 2
    assert ran == []
    assert worker.close(10)


def test_close_gives_up_everything() -> None:
    worker, running = model.Worker("test"), Blocking()
    jobs = [worker.submit(running), worker.submit(lambda _: 1)]
    assert running.started.wait(5)
    assert worker.close(10)
    for job in (*jobs, worker.submit(lambda _: 1)):
        with pytest.raises(model.Cancelled):
            job.future.result(5)
    assert running.saw_cancel


def test_close_says_when_the_device_is_still_busy() -> None:
    worker, deaf = model.Worker("test"), Blocking(looks=False)
    worker.submit(deaf)
    assert deaf.started.wait(5)
    assert not worker.close(0.01)
    deaf.release.set()


def test_jobs_of_their_own_threads_run_side_by_side() -> None:
    workers = model.ThreadPerJob("test")
    works = [Blocking(), Blocking()]
    jobs = [workers.submit(work) for work in works]
    for work in works:
        assert work.started.wait(5)
    assert not workers.idle
    works[1].release.set()
    assert jobs[1].future.result(5) == "done"
    jobs[0].cancel.set()
    with pytest.raises(model.Cancelled):
        jobs[0].future.result(5)
    assert workers.close(5)
    assert workers.idle


def test_close_cancels_them_and_takes_no_more() -> None:
    workers = model.ThreadPerJob("test")
    looking, deaf = Blocking(), Blocking(looks=False)
    jobs = [workers.submit(looking), workers.submit(deaf)]
    assert deaf.started.wait(5)
    assert not workers.close(0)
    for job in (*jobs, workers.submit(Blocking())):
        with pytest.raises(model.Cancelled):
            job.future.result(0)
    deaf.release.set()
    assert workers.close(5)
    assert looking.saw_cancel or not looking.started.is_set()
