"""Where the drafts of a completion come from: copies of earlier text, which are free, else a small model, if there is
one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ..errors import OutOfMemory
from ..loading.memory import release_memory
from .draft_model import READING_TOKENS, DraftModel

if TYPE_CHECKING:
    from .draft_length import DraftLength
    from .request import Request, Statistics

log = logging.getLogger(__name__)


class Drafts:
    """What an engine drafts with. `draft_length`: of drafts that are copies; None never drafts."""

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


class Drafting:
    """The drafts of one completion, whose prompt is `ids`, and what is learned from them.

    `check` raises `Cancelled`. Each `propose` is followed by what became of it: `took`, then `learn`.
    """

    def __init__(
        self, drafts: Drafts, ids: list[int], request: Request, statistics: Statistics, check: Callable[[], None]
    ) -> None:
        self._drafts = drafts
        self._ids = list(ids)
        self._request = request
        self._lookup = request.lookup
        self._statistics = statistics
        self._check = check
        self._author: DraftLength | None = None
        self._propose_ms: float | None = None

    def extend(self, token: int) -> None:
        """Notes a token that is decided."""
        if self._lookup is not None:
            self._ids.append(token)
            self._lookup.extend([token])

    def propose(self, room: int) -> list[int]:
        """The tokens to guess next, so many that all of them, and the one after them, have `room`."""
        self._author = self._drafts.draft_length
        if self._lookup is None or self._author is None or room <= 1:
            return []
        if (wanted := self._author.choose()) and (found := self._lookup.propose(min(wanted, room - 1))):
            return found
        return self._ask_model(room - 1)

    def took(self, length: int, ms: float) -> None:
        """Notes what the large model's step over a draft of so many tokens cost."""
        copies, small = self._drafts.draft_length, self._drafts.model
        if copies is not None and self._author is copies:
            copies.took(length, ms)
        if small is not None and not length:
            small.draft_length.took(0, ms)
        if small is not None and self._author is small.draft_length and self._propose_ms is not None:
            small.draft_length.took(length, ms + self._propose_ms)

    def learn(self, draft: list[int], kept: int) -> None:
        """Notes that the first `kept` tokens of a draft were right."""
        self._statistics.drafted += len(draft)
        self._statistics.accepted += kept
        if draft and self._author is not None:
            self._author.accepted(len(draft), kept)

    def _ask_model(self, most: int) -> list[int]:
        """What the small model says, where that is worth its own time: reading the prompt first included."""
        if (small := self._drafts.model) is None:
            return []
        unread = small.unread_tokens(self._ids)
        tokens = min(most + 1, self._statistics.typical_tokens)
        wanted = small.draft_length.choose(start_ms=(unread - 1) * small.prompt_ms, tokens=tokens)
        if not wanted:
            return []
        started = perf_counter()
        try:
            draft = small.propose(self._ids, min(wanted, most), self._request, self._check)
        except OutOfMemory:
            self._drafts.give_up_model()
            return []
        if draft:
            self._author = small.draft_length
            # A proposal for which the prompt had to be read says nothing about the next ones.
            self._propose_ms = 1000 * (perf_counter() - started) if unread < READING_TOKENS else None
        return draft
