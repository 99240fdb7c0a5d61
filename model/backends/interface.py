"""What the engine asks of a model: a forward pass, and the keys and values of a sequence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from threading import Event
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    import torch


class KVCache(Protocol):
    """The KV cache of one sequence."""

    @property
    def capacity_tokens(self) -> int: ...

    @property
    def bytes(self) -> int: ...

    def rewind(self, length: int) -> None:
        """Forgets all but the first `length` tokens, whatever state a broken pass left."""
        ...

    def copy_from(self, other: Any, length: int, /) -> None:
        """Takes over the first `length` tokens of another sequence of the same backend, and forgets its own."""
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

        Raises `Cancelled` on the way, and `OutOfMemory`. Any exception leaves the KV of an unknown length: `rewind`
        makes it whole.
        """
        ...


class AsyncDecoding(Protocol[KV_contra]):
    """Greedy tokens of one sequence that the device goes on with by itself, so that it need not wait for the host."""

    def launch(self, kv: KV_contra) -> None:
        """Has the device append the token that it chose last, whichever that is, and choose the next one; does not wait
        for it. Raises `OutOfMemory`, which leaves everything as it was."""
        ...

    def read(self) -> int | None:
        """The first token that was not read yet; None is a stop token, behind which there is nothing to read. Waits."""
        ...


@runtime_checkable
class DecodesAsync(Protocol[KV_contra]):
    """What a backend may be able to do beside: decode greedily without the host."""

    @property
    def decodes_async(self) -> bool:
        """Whether it does on this device; else `begin_async` must not be called."""
        ...

    def begin_async(self, logits: torch.Tensor, stop_ids: Collection[int]) -> AsyncDecoding[KV_contra]:
        """Begins behind a prompt's `logits`, shape (1, vocabulary), and ends what was begun before."""
        ...
