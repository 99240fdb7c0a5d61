"""What the engine needs of a model: a forward pass, and a KV cache for each sequence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from threading import Event
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    import torch

    from .llama.adapter import AdapterWeights


class KVCache(Protocol):
    """The KV cache of one sequence."""

    @property
    def capacity_tokens(self) -> int: ...

    @property
    def bytes(self) -> int: ...

    def rewind(self, length: int) -> None:
        """Forgets all but the first `length` tokens, also what an interrupted pass left behind them."""
        ...

    def copy_from(self, other: Any, length: int, /) -> None:
        """Replaces its tokens by the first `length` tokens of another sequence of the same backend."""
        ...


KV = TypeVar("KV", bound=KVCache)
KV_contra = TypeVar("KV_contra", bound=KVCache, contravariant=True)


class Backend(Protocol[KV]):
    """One model on one device. It belongs to one thread."""

    @property
    def context_tokens(self) -> int:
        """The longest sequence, prompt and completion together."""
        ...

    @property
    def device(self) -> str: ...

    @property
    def kv_bytes_per_token(self) -> int: ...

    def new_kv(self, capacity_tokens: int) -> KV:
        """An empty KV cache with room for so many tokens. Raises `OutOfMemory`."""
        ...

    def forward(self, ids: Sequence[int], kv: KV, cancel: Event, *, logits: int = 1) -> torch.Tensor:
        """Appends `ids` to a sequence; returns the logits after its last `logits` tokens, shape (logits, vocabulary).

        Raises `Cancelled` on the way, and `OutOfMemory`. After any exception the length of the KV cache is unknown, and
        it has to be rewound.
        """
        ...


class AsyncDecoding(Protocol[KV_contra]):
    """Greedy decoding of one sequence, in which the device chooses each token and need not wait for the host."""

    def launch(self, kv: KV_contra) -> None:
        """Has the device append the token that it chose last, unknown here as yet, and choose the next one.

        Does not wait for it. Raises `OutOfMemory`, and leaves everything as it was.
        """
        ...

    def read(self) -> int | None:
        """Waits for the first token that was not read yet; None for a stop token, behind which there is no other."""
        ...

    def resume(self) -> None:
        """Goes on after other passes of the same backend, which may have overwritten where the device chooses. Waits
        for the token that it chose last."""
        ...


@runtime_checkable
class DecodesAsync(Protocol[KV_contra]):
    """What only some backends can: decode greedily without the host."""

    @property
    def decodes_async(self) -> bool:
        """Whether this one can, on its device; else `begin_async` must not be called."""
        ...

    def begin_async(self, logits: torch.Tensor, stop_ids: Collection[int]) -> AsyncDecoding[KV_contra]:
        """Begins with a prompt's last `logits`, shape (1, vocabulary). What was begun before has to `resume`."""
        ...


@runtime_checkable
class RunsAdapters(Protocol):
    """What only some backends can: add to their matrices what a LoRA adapter says, and exchange that."""

    def adapt(self, adapter: AdapterWeights | None, /) -> None:
        """Has every pass from now on run with these weights, or with none; KV caches of before do not fit any more.

        Raises `BrokenAdapter` and `OutOfMemory`, and leaves everything as it was.
        """
        ...


@runtime_checkable
class SharesWeights(Protocol[KV]):
    """What only some backends can: have their weights in memory once for several, each with KV caches and an adapter of
    its own."""

    def twin(self) -> Backend[KV]:
        """Another one over the same weights, without an adapter, for another thread. From any thread."""
        ...
