"""The engine: token ids in, token ids out, with the KV of earlier prompts kept between requests.

It knows no model library: a `Backend` runs the forward pass and holds the KV. Whose turn it is, its caller knows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Hashable, Iterator, Sequence
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..backends.interface import AsyncDecoding, Backend, DecodesAsync
from ..errors import Cancelled, MustWait, OutOfMemory, PromptTooLong
from .draft_length import DraftLength
from .draft_model import DraftModel
from .drafting import DraftProposer, DraftSources
from .guide import GuideState
from .line_search import BestLine
from .logits import check_finite
from .loop import DecodeLoop, async_tokens
from .request import DraftSource, Pause, Request, Statistics
from .sampling import GREEDY, LineSearch, Sampling
from .scores import TokenScores
from .slots import KV, KVSlot, KVSlots

if TYPE_CHECKING:
    import torch

    from .copying.mixture import Mixture

UNLIMITED = 1 << 62
T = TypeVar("T")


class EngineCore(Generic[KV]):
    """Generates from one backend, prefilling `chunk_tokens` at a time. It belongs to one thread; requests of different
    keys may take turns, pass by pass, and each writes what it writes alone.

    Only tokens whose pass is complete count as computed (`KVSlot.ids`), so a request that was cancelled, or that
    failed, leaves a KV cache that is exact. `draft_length` says how long drafts by lookup are; None never drafts.
    `draft_model` drafts where lookup finds nothing.
    """

    def __init__(
        self,
        backend: Backend[KV],
        *,
        chunk_tokens: int,
        kv_limit_bytes: int = UNLIMITED,
        draft_length: DraftLength | None = None,
        draft_model: DraftModel[Any] | None = None,
    ) -> None:
        self._backend = backend
        self._chunk_tokens = chunk_tokens
        self._draft_sources = DraftSources(draft_length, draft_model)
        self._slots = KVSlots(backend, limit_bytes=kv_limit_bytes)
        self._newest: dict[Hashable, Request] = {}
        self._latest_async: AsyncDecoding[KV] | None = None  # None where another pass came after it
        self.statistics = Statistics()

    @property
    def context_tokens(self) -> int:
        return self._backend.context_tokens

    @property
    def kv_bytes(self) -> int:
        """Memory of all KV caches, those of the draft model included."""
        draft_model = self._draft_sources.model
        return self._slots.used_bytes + (draft_model.kv_bytes if draft_model else 0)

    def reusable_tokens(self, ids: Sequence[int]) -> int:
        """How many tokens of a prompt need no computing. The last one always does: its logits are wanted."""
        return self._slots.reusable_tokens(list(ids))  # a list never equals a tuple

    def generate(
        self,
        ids: Sequence[int],
        *,
        max_new_tokens: int,
        cancel: Event,
        sampling: Sampling = GREEDY,
        stop_ids: Collection[int] = (),
        key: Hashable = None,
        guide: GuideState | None = None,
        mixture: Mixture | None = None,
        search: LineSearch | None = None,
        lookup: DraftSource | None = None,
        scores: TokenScores | None = None,
        deadline_s: float | None = None,
    ) -> Iterator[int]:
        """The tokens of `steps`, without its pauses. See `Request`."""
        request = Request(
            max_new_tokens=max_new_tokens,
            cancel=cancel,
            sampling=sampling,
            stop_ids=frozenset(stop_ids),
            key=key,
            guide=guide,
            mixture=mixture,
            search=search,
            lookup=lookup,
            scores=scores,
            deadline_s=deadline_s,
        )
        return (step for step in self.steps(ids, request) if not isinstance(step, Pause))

    def warm(self, ids: Sequence[int], *, cancel: Event, key: Hashable = None) -> None:
        """Computes a prompt that will be asked for soon, and generates nothing. Raises what `steps` raises."""
        for _ in self.steps(ids, Request(max_new_tokens=0, cancel=cancel, key=key)):
            pass

    def steps(self, ids: Sequence[int], request: Request) -> Iterator[int | Pause]:
        """Yields the tokens that follow `ids`, without the stop token that ends them, and a pause before every pass. At
        a pause other requests may take their turns.

        Stops early at the end of the context, and at the deadline. Raises `Cancelled` soon after `cancel` is set, which
        is looked at before every chunk and every step, and by the backend in between; `MustWait` before the first
        pause; `PromptTooLong` where the prompt leaves no room for a token; `OutOfMemory`; `BrokenCheckpoint` where the
        logits are no numbers. A newer request of the same key ends an older iterator.
        """
        self._check(ids)
        request = replace(
            request,
            max_new_tokens=min(request.max_new_tokens, self.context_tokens - len(ids)),
            lookup=request.lookup if self._draft_sources.draft_length else None,
        )
        self._newest[request.key] = request
        return self._steps(list(ids), request)

    def forget(self, key: Hashable) -> None:
        """Gives back the KV of a document that will not be asked for again, and ends its iterators."""
        self._newest.pop(key, None)
        self._slots.forget(key)
        if self._draft_sources.model is not None:
            self._draft_sources.model.forget(key)

    def forget_all(self) -> None:
        """Gives back the KV of all documents, where the backend computes something else from now on; ends older
        iterators."""
        self._newest.clear()
        self._slots.clear()

    def twin(self, backend: Backend[KV], *, kv_limit_bytes: int) -> EngineCore[KV]:
        """One over a twin of the backend, with nothing computed yet and no draft model. From any thread."""
        length = self._draft_sources.draft_length
        return EngineCore(
            backend,
            chunk_tokens=self._chunk_tokens,
            kv_limit_bytes=kv_limit_bytes,
            draft_length=length.anew() if length is not None else None,
        )

    def _check(self, ids: Sequence[int]) -> None:
        if not ids:
            raise ValueError("a prompt needs at least one token")
        if len(ids) >= self.context_tokens:
            raise PromptTooLong(
                f"The prompt has {len(ids)} tokens; the model's context has {self.context_tokens}.",
                "Lower the setting context_tokens.",
            )

    def _steps(self, ids: list[int], request: Request) -> Iterator[int | Pause]:
        def check() -> None:
            """Stops an outdated request: its slot may serve a newer one by now."""
            if request.cancel.is_set() or self._newest.get(request.key) is not request:
                raise Cancelled

        check()
        try:
            slot = self._take(ids, request.key)
            with slot.held():
                logits = yield from self._prefill(slot, ids, request, check)
                if logits is None or request.max_new_tokens <= 0:
                    return
                check_finite(logits)
                self.statistics.completions += 1
                for step in self._decode(slot, logits, request, check):
                    self.statistics.generated += not isinstance(step, Pause)
                    yield step
        finally:
            if self._newest.get(request.key) is request:
                del self._newest[request.key]

    def _decode(
        self, slot: KVSlot[KV], logits: torch.Tensor, request: Request, check: Callable[[], None]
    ) -> Iterator[int | Pause]:
        ids = list(slot.ids)

        def step(tokens: list[int]) -> torch.Tensor:
            """The logits after each of `tokens`, which follow the tokens decided so far."""
            check()
            return self._append(slot, tokens, request.cancel, logits=len(tokens))

        def keep(count: int) -> None:
            """Forgets what was computed for draft tokens that were refused: only `count` tokens follow the prompt."""
            check()
            slot.rewind(len(ids) + count)

        if request.search is not None and request.mixture is not None and request.sampling.is_greedy:
            return BestLine(request, request.search, request.mixture).tokens(logits, step, keep)
        decoding = self._begin_async(logits, request)
        if decoding is None:
            drafting = DraftProposer(self._draft_sources, ids, request, self.statistics, check)
            return DecodeLoop(request, drafting, self._backend.device).tokens(logits, step, keep)

        def advance(further: bool) -> int | None:
            check()
            return self._advance(slot, decoding, further)

        return async_tokens(request, advance)

    def _begin_async(self, logits: torch.Tensor, request: Request) -> AsyncDecoding[KV] | None:
        """Where the device can decode by itself, and the model alone decides: no sampling, guide or draft, and nobody
        asks what else was likely."""
        backend = self._backend
        if not isinstance(backend, DecodesAsync) or not backend.decodes_async:
            return None
        if not request.sampling.is_greedy or request.guide is not None or request.lookup is not None:
            return None
        if request.mixture is not None or (request.scores is not None and request.scores.alternatives):
            return None
        self._latest_async = backend.begin_async(logits, request.stop_ids)
        return self._latest_async

    def _prefill(
        self, slot: KVSlot[KV], ids: list[int], request: Request, check: Callable[[], None]
    ) -> Generator[Pause, None, torch.Tensor | None]:
        """Computes what is not computed yet, in chunks; the logits after the last token, shape (1, vocabulary). None
        where the deadline came first."""
        start = len(slot.ids)
        self.statistics.reused += start
        while True:
            yield Pause(self._chunks(len(ids) - start))
            check()
            if request.is_late():
                return None
            chunk = ids[start : start + self._chunk_tokens]
            logits = self._append(slot, chunk, request.cancel)
            start += len(chunk)
            self.statistics.computed += len(chunk)
            if start == len(ids):
                return logits

    def _chunks(self, tokens: int) -> int:
        return -(-tokens // self._chunk_tokens)

    def _take(self, ids: list[int], key: Hashable) -> KVSlot[KV]:
        try:
            slot = self._slots.take(key, ids)
            self._slots.reserve(slot, len(ids))
        except MustWait:
            raise MustWait(self._chunks(len(ids) - self._slots.reusable_tokens(ids))) from None
        except OutOfMemory:
            if not self._slots.drop():
                if self._slots.others_are_held():
                    raise MustWait(self._chunks(len(ids))) from None
                if not self._draft_sources.give_up_model():
                    raise
            return self._take(ids, key)
        return slot

    def _append(self, slot: KVSlot[KV], ids: list[int], cancel: Event, *, logits: int = 1) -> torch.Tensor:
        """One pass over `ids`."""
        self._latest_async = None
        return self._with_room(slot, lambda: self._slots.compute(slot, ids, cancel, logits=logits))

    def _advance(self, slot: KVSlot[KV], decoding: AsyncDecoding[KV], further: bool) -> int | None:
        """The token that the device has chosen; None for a stop token.

        With `further`, the device begins to compute the step after it before the token is read, and so never waits for
        the host; behind a stop token that step is forgotten.
        """
        if not further:
            return decoding.read()
        if self._latest_async is not decoding:
            decoding.resume()
            self._latest_async = decoding
        self._with_room(slot, lambda: self._slots.launch(slot, decoding))
        token = None
        try:
            token = decoding.read()
        finally:
            if token is not None:
                slot.ids.append(token)
            slot.rewind(len(slot.ids))
        return token

    def _with_room(self, slot: KVSlot[KV], act: Callable[[], T]) -> T:
        """Does `act`. Where memory is full, gives up the other slots first, then the draft model, and tries again."""
        try:
            return act()
        except OutOfMemory:
            if self._slots.drop(keep=slot):
                self._slots.limit_bytes = self._slots.used_bytes
            elif self._slots.others_are_held(slot) or not self._draft_sources.give_up_model():
                raise
        return self._with_room(slot, act)
