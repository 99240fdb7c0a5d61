"""Where the drafts of a completion come from: copied from other text, which costs little, else written by a small
model, if there is one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ..errors import OutOfMemory
from ..loading.memory import release_memory
from .draft_model import READING_TOKENS, DraftModel

if TYPE_CHECKING:
    from .draft_length import DraftLength
    from .request import Pause, Request, Statistics

log = logging.getLogger(__name__)


class DraftSources:
    """What an engine drafts with. `draft_length`: how long copied drafts are; None never drafts."""

    def __init__(self, draft_length: DraftLength | None, model: DraftModel[Any] | None) -> None:
        self.draft_length = draft_length
        self.model = model

    def give_up_model(self) -> bool:
        """Gives back the memory of the small model, for good; whether there was one."""
        if self.model is None:
            return False
        log.warning("Memory is full: no small model drafts any more, until the model is loaded again.")
        self.model = None
        release_memory()
        return True


class DraftProposer:
    """Proposes the drafts of one completion, whose prompt is `ids`, and learns from what becomes of them.

    `check` raises `Cancelled`. Each `propose` is followed by `took`, which notes the time, and `learn`, which notes
    how much of it was accepted.
    """

    def __init__(
        self, sources: DraftSources, ids: list[int], request: Request, statistics: Statistics, check: Callable[[], None]
    ) -> None:
        self._sources = sources
        self._ids = list(ids)
        self._request = request
        self._lookup = request.lookup
        self._statistics = statistics
        self._check = check
        self._proposed_by: DraftLength | None = None  # of which source the latest draft is
        self._propose_ms: float | None = None

    def extend(self, token: int) -> None:
        """Notes a token that is decided."""
        if self._lookup is not None:
            self._ids.append(token)
            self._lookup.extend([token])

    def propose(self, room: int) -> Generator[Pause, None, list[int]]:
        """A draft of the next tokens, at least one shorter than `room`: the token after it needs room too. Pauses
        where a model has much to read for it."""
        self._proposed_by = self._sources.draft_length
        if self._lookup is None or self._proposed_by is None or room <= 1:
            return []
        length = self._proposed_by.choose()
        copied = self._lookup.propose(min(length, room - 1)) if length else []
        return copied or (yield from self._ask_model(room - 1))

    def took(self, length: int, ms: float) -> None:
        """Notes what the large model's step over a draft of so many tokens cost."""
        copied = self._sources.draft_length
        if copied is not None and self._proposed_by is copied:
            copied.took(length, ms)
        if self._sources.model is None:
            return
        by_model = self._sources.model.draft_length
        if not length:
            by_model.took(0, ms)
        if self._proposed_by is by_model and self._propose_ms is not None:
            by_model.took(length, ms + self._propose_ms)

    def learn(self, draft: list[int], kept: int) -> None:
        """Notes that the first `kept` tokens of a draft were right."""
        self._statistics.drafted += len(draft)
        self._statistics.accepted += kept
        if draft and self._proposed_by is not None:
            self._proposed_by.accepted(len(draft), kept)

    def _ask_model(self, most: int) -> Generator[Pause, None, list[int]]:
        """A draft by the small model, where it pays: its own time counts, and that of reading the prompt first."""
        small = self._sources.model
        if small is None:
            return []
        unread = small.unread_tokens(self._ids)
        tokens = min(most + 1, self._statistics.typical_tokens)
        length = small.draft_length.choose(start_ms=(unread - 1) * small.prompt_ms, tokens=tokens)
        if not length:
            return []
        started = perf_counter()
        try:
            draft = yield from small.propose(self._ids, min(length, most), self._request, self._check)
        except OutOfMemory:
            self._sources.give_up_model()
            return []
        if draft:
            self._proposed_by = small.draft_length
            # A proposal for which the prompt had to be read says nothing about the next ones; others paused it, too.
            self._propose_ms = 1000 * (perf_counter() - started) if unread < READING_TOKENS else None
        return draft
