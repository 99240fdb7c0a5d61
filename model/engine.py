"""The engine: token ids in, token ids out, with the KV cache of the last prompt kept between requests.

It knows no model library: a `Backend` runs the forward pass and holds the KV.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from threading import Event
from typing import TYPE_CHECKING, Protocol

from .errors import Cancelled, PromptTooLong
from .sampling import GREEDY, Sampling, sampler

if TYPE_CHECKING:
    import torch


class Backend(Protocol):
    """One model on one device, and the KV cache of one sequence."""

    @property
    def context_tokens(self) -> int:
        """The longest sequence, prompt and completion together."""
        ...

    @property
    def device(self) -> str: ...

    def forward(self, ids: Sequence[int], cancel: Event) -> torch.Tensor:
        """Appends `ids` to the sequence; returns the logits after the last one, shape (vocabulary,).

        May raise `Cancelled` on the way. Any exception leaves the KV of an unknown length: `rewind` makes it whole.
        """
        ...

    def rewind(self, length: int) -> None:
        """Forgets all but the first `length` tokens of the sequence."""
        ...


class Engine:
    """Generates from one backend, prefilling `chunk_tokens` at a time. It belongs to one thread; requests follow each
    other.

    Only tokens whose chunk is complete count as computed (`_computed`), so a request that was cancelled, or that
    failed, leaves a KV cache that is exact.
    """

    def __init__(self, backend: Backend, *, chunk_tokens: int) -> None:
        self._backend = backend
        self._chunk_tokens = chunk_tokens
        self._computed: list[int] = []
        self._request = 0

    @property
    def context_tokens(self) -> int:
        return self._backend.context_tokens

    def reusable_tokens(self, ids: Sequence[int]) -> int:
        """How many tokens of a prompt need no computing. The last one always does: its logits are wanted."""
        limit = min(len(ids) - 1, len(self._computed))
        return next((n for n in range(limit) if ids[n] != self._computed[n]), max(0, limit))

    def generate(
        self,
        ids: Sequence[int],
        *,
        max_new_tokens: int,
        cancel: Event,
        sampling: Sampling = GREEDY,
        stop_ids: Collection[int] = (),
    ) -> Iterator[int]:
        """Yields the tokens that follow `ids`, without the stop token that ends them.

        Stops early at the end of the context. Raises `Cancelled` soon after `cancel` is set, which is looked at before
        every chunk and every token, and by the backend in between; `PromptTooLong` where the prompt leaves no room for
        a token. A newer call ends an older iterator.
        """
        if not ids:
            raise ValueError("a prompt needs at least one token")
        if len(ids) >= self.context_tokens:
            raise PromptTooLong(
                f"The prompt has {len(ids)} tokens; the model's context has {self.context_tokens}.",
                "Lower the setting context_tokens.",
            )
        self._request += 1
        return self._generate(list(ids), max_new_tokens, cancel, sampling, frozenset(stop_ids), self._request)

    def _generate(
        self,
        ids: list[int],
        max_new_tokens: int,
        cancel: Event,
        sampling: Sampling,
        stop_ids: frozenset[int],
        request: int,
    ) -> Iterator[int]:
        choose = sampler(sampling, self._backend.device)
        token = choose(self._prefill(ids, cancel))
        for number in range(min(max_new_tokens, self.context_tokens - len(ids))):
            if number:
                if cancel.is_set() or request != self._request:
                    raise Cancelled
                token = choose(self._append([token], cancel))
            if token in stop_ids:
                return
            yield token

    def _prefill(self, ids: list[int], cancel: Event) -> torch.Tensor:
        """Computes what is not computed yet, in chunks; returns the logits after the last token."""
        start = self.reusable_tokens(ids)
        self._backend.rewind(start)
        del self._computed[start:]
        while True:
            if cancel.is_set():
                raise Cancelled
            chunk = ids[start : start + self._chunk_tokens]
            logits = self._append(chunk, cancel)
            start += len(chunk)
            if start == len(ids):
                return logits

    def _append(self, ids: list[int], cancel: Event) -> torch.Tensor:
        try:
            logits = self._backend.forward(ids, cancel)
        except BaseException:
            self._backend.rewind(len(self._computed))
            raise
        self._computed += ids
        return logits
