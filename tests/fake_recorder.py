"""A recorder that runs on a CPU, and small networks to record."""

from __future__ import annotations

from pathlib import Path

import torch
from seekline import model
from seekline.model.backends.llama.linears import Dense
from seekline.model.backends.llama.network import Llama
from seekline.model.backends.llama.steps import Read, Run
from seekline.model.backends.llama.weights import Tensors, read_weights
from tiny_models import save_llama


class FakeRecorder:
    """See `steps.Recorder`. It records by keeping the function, and notes what happens, in order: `record`, `step` for
    each replay, `fetch`, and `read` where the host would wait."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.failures: list[RuntimeError] = []
        """What the next recordings raise."""

    def record(self, run: Run) -> Run:
        if self.failures:
            raise self.failures.pop()
        self.log.append("record")
        run()
        output = run().clone()  # as a graph warms up, and then owns what it writes to

        def replay() -> torch.Tensor:
            self.log.append("step")
            return output.copy_(run())

        return replay

    def fetch(self, number: torch.Tensor) -> Read:
        self.log.append("fetch")
        there = number.clone()

        def read() -> int:
            self.log.append("read")
            return int(there)

        return read

    def count(self, what: str) -> int:
        return self.log.count(what)


def save_network(folder: Path, *, device: str = "cpu", **shape: int) -> Llama:
    """A random Llama in float32, without an engine."""
    save_llama(folder, **shape)
    found = model.inspect(folder).llama
    assert found is not None
    with Tensors(folder, device=device, dtype=torch.float32) as tensors:
        return Llama(found, read_weights(tensors, found, lambda _, read: Dense(read())))
