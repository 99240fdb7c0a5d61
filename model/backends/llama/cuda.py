"""What CUDA has beside kernels: graphs, which launch a whole step at once, and copies that no host need wait for."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .steps import ReadInt, StepFunction

_WARM_RUNS = 2


class CudaRecorder:
    """See `steps.Recorder`. Its graphs run one after the other, and what one leaves is read before the next one starts,
    so they share their memory."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        with torch.cuda.device(device):
            self._stream = torch.cuda.Stream()
            self._pool = torch.cuda.graph_pool_handle()
        self._latest: torch.cuda.CUDAGraph | None = None  # CUDA frees a pool that no graph uses

    def record(self, run: StepFunction) -> StepFunction:
        """The first runs, outside of the graph, let libraries choose their kernels and allocate."""
        with torch.cuda.device(self._device):
            self._stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self._stream):
                for _ in range(_WARM_RUNS):
                    run()
            torch.cuda.current_stream().wait_stream(self._stream)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
                output = run()
        self._latest = graph
        return _Graph(self._device, graph, output, run)

    def another(self) -> CudaRecorder:
        return CudaRecorder(self._device)

    def fetch(self, number: torch.Tensor) -> ReadInt:
        with torch.cuda.device(self._device):
            on_host = torch.empty(1, dtype=number.dtype, pin_memory=True)
            on_host.copy_(number, non_blocking=True)
            copied = torch.cuda.Event()
            copied.record()

        def read() -> int:
            copied.synchronize()
            return int(on_host)

        return read


@dataclass(frozen=True, slots=True)
class _Graph:
    """A recorded run. It reads tensors by their addresses, so `run`, which refers to them, has to live as long."""

    device: torch.device
    graph: torch.cuda.CUDAGraph
    output: torch.Tensor
    run: StepFunction

    def __call__(self) -> torch.Tensor:
        with torch.cuda.device(self.device):
            self.graph.replay()
        return self.output
