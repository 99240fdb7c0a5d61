"""What an engine holds in memory: one model that writes. It belongs to the device's thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event
from typing import Protocol

from ..decoding.request import Pause
from ..loading.load import load_model
from ..loading.plan import Plan
from ..tokenizer import Tokenizer
from .engine import CompletionRequest, Piece
from .in_process import InProcessRunner


class ModelRunner(Protocol):
    """A loaded model, whoever computes it."""

    @property
    def plan(self) -> Plan: ...

    @property
    def tokenizer(self) -> Tokenizer: ...

    @property
    def weights(self) -> object:
        """What stands for the weights in memory: its twins have the same."""
        ...

    @property
    def has_ended(self) -> bool:
        """Whether what computes is gone, so that only loading it again helps."""
        ...

    def adapt(self, plan: Plan) -> None:
        """Runs with the adapter of `plan` from now on, or with none; in all else it is the plan of this model.

        Raises `BrokenAdapter`, `UnsupportedAdapter` and `OutOfMemory`; it may run without any then.
        """
        ...

    def twin(self, *, kv_limit_bytes: int) -> ModelRunner | None:
        """Another one over the same weights in memory, for another thread, with no adapter; None where they cannot be
        shared. From any thread."""
        ...

    def write(self, request: CompletionRequest, cancel: Event) -> Iterator[Piece | Pause]:
        """Yields the completion piece by piece, and a pause wherever a request of another key may have its turn.

        Raises `Cancelled` soon after `cancel` is set, `ModelError`, and `MustWait` before the first pause.
        """
        ...

    def warm(self, request: CompletionRequest, cancel: Event) -> Iterator[Pause]:
        """Computes a prompt that will be asked for soon. Raises what `write` raises."""
        ...

    def forget(self, key: str) -> None:
        """Gives back what is kept for a document that was closed."""
        ...

    def close(self) -> None:
        """Gives everything back; nothing may be asked any more."""
        ...


def load_runner(plan: Plan, *, threads: int, report: Callable[[str], None]) -> ModelRunner:
    """Loads what `plan` says, by whatever computes it; see `load_model` and `LlamaCppRunner` for errors."""
    if plan.engine == "llama.cpp":
        from .llama_cpp.runner import load_llama_cpp

        return load_llama_cpp(plan, threads=threads, report=report)
    return InProcessRunner(load_model(plan, threads=threads, report=report))
