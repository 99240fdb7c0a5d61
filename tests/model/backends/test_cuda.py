"""How graphs and copies are asked of CUDA, by a stand-in for `torch.cuda` that notes it. On a real one: test_gpu.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import ref

import pytest
import torch
from seekline.model.backends.llama.cuda import CudaRecorder
from seekline.model.backends.llama.steps import StepFunction

DEVICE = torch.device("cuda:1")


class FakeCuda:
    """What `CudaRecorder` uses of `torch.cuda`. `log` has what happened, each with the device and stream it went to."""

    def __init__(self) -> None:
        self.log: list[tuple[str, object, str]] = []
        self.on: object = "the first device"
        self.to = "the current stream"

    def note(self, what: str) -> None:
        self.log.append((what, self.on, self.to))

    @contextmanager
    def device(self, device: torch.device) -> Iterator[None]:
        before, self.on = self.on, device
        yield
        self.on = before

    @contextmanager
    def stream(self, stream: FakeStream) -> Iterator[None]:
        before, self.to = self.to, stream.name
        yield
        self.to = before

    @contextmanager
    def graph(self, graph: FakeGraph, *, pool: str, stream: FakeStream) -> Iterator[None]:
        assert pool == "a pool"
        with self.stream(stream):
            self.note("capture")
            yield

    def graph_pool_handle(self) -> str:
        return "a pool"

    def current_stream(self) -> FakeStream:
        return FakeStream(self, "the current stream")

    def Stream(self) -> FakeStream:  # noqa: N802
        return FakeStream(self, "another stream")

    def CUDAGraph(self) -> FakeGraph:  # noqa: N802
        return FakeGraph(self)

    def Event(self) -> FakeEvent:  # noqa: N802
        return FakeEvent(self)


class FakeStream:
    def __init__(self, cuda: FakeCuda, name: str) -> None:
        self.cuda = cuda
        self.name = name

    def wait_stream(self, other: FakeStream) -> None:
        self.cuda.note(f"{self.name} waits for {other.name}")


class FakeGraph:
    def __init__(self, cuda: FakeCuda) -> None:
        self.cuda = cuda

    def replay(self) -> None:
        self.cuda.note("replay")


class FakeEvent:
    def __init__(self, cuda: FakeCuda) -> None:
        self.cuda = cuda

    def record(self) -> None:
        self.cuda.note("event")

    def synchronize(self) -> None:
        self.cuda.note("wait")


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    fake = FakeCuda()
    monkeypatch.setattr("torch.cuda", fake)
    return fake


def run_over(tensor: torch.Tensor, cuda: FakeCuda) -> StepFunction:
    def run() -> torch.Tensor:
        cuda.note("run")
        return tensor + 1

    return run


def test_a_graph_is_warmed_up_and_captured_on_a_stream_of_its_own(cuda: FakeCuda) -> None:
    replay = CudaRecorder(DEVICE).record(run_over(torch.zeros(1), cuda))
    aside = "another stream"
    assert [(what, to) for what, _, to in cuda.log] == [
        ("another stream waits for the current stream", "the current stream"),
        ("run", aside),
        ("run", aside),
        ("the current stream waits for another stream", "the current stream"),
        ("capture", aside),
        ("run", aside),
    ]
    cuda.log.clear()
    output = replay()
    assert replay() is output
    assert cuda.log == [("replay", DEVICE, "the current stream")] * 2


def test_all_of_it_happens_on_the_models_device(cuda: FakeCuda) -> None:
    CudaRecorder(DEVICE).record(run_over(torch.zeros(1), cuda))()
    assert {on for _, on, _ in cuda.log} == {DEVICE}


def test_what_a_graph_reads_lives_as_long_as_the_graph_and_no_longer(cuda: FakeCuda) -> None:
    """A graph knows addresses: where the tensor were freed, it would read what came to lie there."""
    recorder, tensor = CudaRecorder(DEVICE), torch.zeros(1)
    alive = ref(tensor)
    replay: Any = recorder.record(run_over(tensor, cuda))
    del tensor
    assert alive() is not None
    del replay
    assert alive() is None


def test_a_number_is_read_behind_its_copy(cuda: FakeCuda, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = torch.empty
    monkeypatch.setattr("torch.empty", lambda *size, dtype, pin_memory: empty(*size, dtype=dtype))
    number = torch.tensor([42])
    read = CudaRecorder(DEVICE).fetch(number)
    number.fill_(7)  # by the step after
    assert [what for what, _, _ in cuda.log] == ["event"]
    assert read() == 42
    assert [what for what, _, _ in cuda.log] == ["event", "wait"]
