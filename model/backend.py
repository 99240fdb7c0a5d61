"""What the engine asks of a model: a forward pass, and the keys and values of a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import torch


class KeyValues(Protocol):
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


K = TypeVar("K", bound=KeyValues)


class Backend(Protocol[K]):
    """One model on one device. It belongs to one thread."""

    @property
    def context_tokens(self) -> int:
        """The longest sequence, prompt and completion together."""
        ...

    @property
    def device(self) -> str: ...

    @property
    def kv_bytes_per_token(self) -> int: ...

    def new_kv(self, capacity_tokens: int) -> K:
        """An empty KV cache with room for so many tokens. Raises `OutOfMemory`."""
        ...

    def forward(self, ids: Sequence[int], kv: K, cancel: Event, *, logits: int = 1) -> torch.Tensor:
        """Appends `ids` to a sequence; returns the logits after its last `logits` tokens, shape (logits, vocabulary).

        Raises `Cancelled` on the way, and `OutOfMemory`. Any exception leaves the KV of an unknown length: `rewind`
        makes it whole.
        """
        ...
