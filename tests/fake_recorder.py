"""A recorder that runs on a CPU, and small networks to record."""

from __future__ import annotations

from pathlib import Path

import torch
from seekline import model
from seekline.model.backends.llama.linears import DenseLinear
from seekline.model.backends.llama.steps import ReadInt, StepFunction
from seekline.model.backends.llama.torch_forward import TorchLlama
from seekline.model.backends.llama.weights import CheckpointTensors, read_weights
from tiny_models import save_llama

SPOILED = -77
"""Neither a token nor a likely logit."""


class FakeRecorder:
    """See `steps.Recorder`. It records by keeping the function, and notes what happens, in order: `record`, `step` for
    each replay, `fetch`, and `read` where the host would wait. What it records shares memory as graphs do: each replay
    spoils what the others left."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.failures: list[RuntimeError] = []
        """What the next recordings raise."""
        self._outputs: list[torch.Tensor] = []

    def record(self, run: StepFunction) -> StepFunction:
        if self.failures:
            raise self.failures.pop()
        self.log.append("record")
        run()
        output = run().clone()  # as a graph warms up, and then owns what it writes to
        self._outputs.append(output)

        def replay() -> torch.Tensor:
            self.log.append("step")
            found = run().clone()
            for each in self._outputs:
                each.fill_(SPOILED)
            return output.copy_(found)

        return replay

    def another(self) -> FakeRecorder:
        return FakeRecorder()

    def fetch(self, number: torch.Tensor) -> ReadInt:
        self.log.append("fetch")
        there = number.clone()

        def read() -> int:
            self.log.append("read")
            return int(there)

        return read

    def count(self, what: str) -> int:
        return self.log.count(what)


def save_network(folder: Path, *, device: str = "cpu", **shape: int) -> TorchLlama:
    """A random Llama in float32, without an engine."""
    save_llama(folder, **shape)
    found = model.inspect(folder).llama
    assert found is not None
    with CheckpointTensors(folder, device=device, dtype=torch.float32) as tensors:
        return TorchLlama(found, read_weights(tensors, found, lambda _, matrix: DenseLinear(matrix.dense())))
