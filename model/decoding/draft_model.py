"""A small model that drafts for a large one of the same vocabulary (Leviathan et al. 2023, arXiv:2211.17192).

It drafts greedily. What it says changes how fast tokens come, never which ones, so nothing here needs to be right.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Generic

from .draft_length import DraftLength
from .request import BETWEEN_STEPS
from .slots import KV, KVSlot, KVSlots

if TYPE_CHECKING:
    import torch

    from ..backends.interface import Backend
    from .request import Pause, Request

# A pass over fewer tokens is a step, and says little about how long a prompt takes.
READING_TOKENS = 16
_FADING = 0.25


class DraftModel(Generic[KV]):
    """The owner of the small model and of its KV: slots by the same keys as the engine's, exact in the same way.

    `draft_length`: how many tokens to draft; the cost of a length is that of the small model's steps and of the step
    that verifies them. `prompt_ms`: what a token of a prompt costs the small model; measured again with every prompt.
    """

    def __init__(
        self,
        backend: Backend[KV],
        *,
        chunk_tokens: int,
        kv_limit_bytes: int,
        draft_length: DraftLength,
        prompt_ms: float,
    ) -> None:
        self.draft_length = draft_length
        self.prompt_ms = prompt_ms
        self._backend = backend
        self._chunk_tokens = chunk_tokens
        self._slots = KVSlots(backend, limit_bytes=kv_limit_bytes)

    @property
    def kv_bytes(self) -> int:
        return self._slots.used_bytes

    def forget(self, key: Hashable) -> None:
        """Gives back the KV of a document that will not be asked for again."""
        self._slots.forget(key)

    def unread_tokens(self, ids: Sequence[int]) -> int:
        """How many tokens of a sequence have to be computed before one can be drafted; always at least one."""
        return len(ids) - self._slots.reusable_tokens(ids)

    def propose(
        self, ids: list[int], count: int, request: Request, check: Callable[[], None]
    ) -> Generator[Pause, None, list[int]]:
        """A draft of at least one and at most `count` tokens, those that it finds likeliest behind `ids`.

        It is shorter, or empty, before a stop token, at the deadline, and where the context ends. Pauses between the
        chunks of what it has to read first; a slot that others give up meanwhile stays exact until the draft is done.
        `check` raises `Cancelled`, and is called before every pass. Raises `OutOfMemory` too.
        """
        draft: list[int] = []
        if len(ids) + count > self._backend.context_tokens:
            return draft
        slot = self._slots.take(request.key, ids)
        token = yield from self._next(slot, ids[len(slot.ids) :], request, check)
        while token is not None:
            draft.append(token)
            if len(draft) == count:
                break
            token = yield from self._next(slot, [token], request, check)
        return draft

    def _next(
        self, slot: KVSlot[KV], unread: list[int], request: Request, check: Callable[[], None]
    ) -> Generator[Pause, None, int | None]:
        """The token behind `unread`, which is computed; None for a stop token, and at the deadline."""
        logits = None
        for start in range(0, len(unread), self._chunk_tokens):
            if start:
                yield BETWEEN_STEPS
            check()
            if request.is_late():
                return None
            logits = self._compute(slot, unread[start : start + self._chunk_tokens], request)
        assert logits is not None, "one token is always unread"
        token = int(logits[0].argmax())
        return None if token in request.stop_ids else token

    def _compute(self, slot: KVSlot[KV], ids: list[int], request: Request) -> torch.Tensor:
        started = perf_counter()
        logits = self._slots.compute(slot, ids, request.cancel)
        if len(ids) >= READING_TOKENS:
            took = 1000 * (perf_counter() - started) / len(ids)
            self.prompt_ms += (took - self.prompt_ms) * _FADING
        return logits
