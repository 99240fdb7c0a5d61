"""What the engine core is asked for in one completion, and what it counts over all of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from .guide import GuideState
from .sampling import GREEDY, LineSearch, Sampling
from .scores import TokenScores

if TYPE_CHECKING:
    from .copying.mixture import Mixture

_FIRST_COMPLETION_TOKENS = 16  # about a line, until some completions are known


class DraftSource(Protocol):
    """What drafts of one completion are copied from. They change how fast tokens come, never which ones."""

    def extend(self, ids: Iterable[int]) -> None:
        """Adds tokens that were generated."""
        ...

    def propose(self, most: int) -> list[int]:
        """At most `most` tokens that may come next; empty where nothing is known."""
        ...


@dataclass(frozen=True, slots=True)
class Pause:
    """A place between two passes of a request, where others may compute: nothing of the last pass is read any more.

    `prompt_passes`: how many passes its prompt still takes at most; 0 once it writes.
    """

    prompt_passes: int = 0


BETWEEN_STEPS = Pause()


@dataclass(slots=True)
class Statistics:
    """Counts of tokens since the engine was made, and of completions.

    `reused` and `computed` are tokens of prompts, `drafted` and `accepted` those of drafts.
    """

    reused: int = 0
    computed: int = 0
    completions: int = 0
    generated: int = 0
    drafted: int = 0
    accepted: int = 0

    @property
    def typical_tokens(self) -> float:
        """How long a completion is."""
        return (self.generated + _FIRST_COMPLETION_TOKENS) / max(1, self.completions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What one completion asks for beside its prompt.

    `key`: which slot it uses, one for each document. `guide`: how its text has to go on. `mixture`: what is mixed into
    the model's choice. `search`: how the likeliest line is looked for, instead of the likeliest token one by one; with
    a mixture, and without sampling. `lookup`: where drafts are copied from, before the draft model is asked; None
    decodes token by token. `scores`: where it is noted how likely the tokens were; a device that decodes by itself does
    so only where alternatives are wanted. `deadline_s`: on the monotonic clock; what is complete by then is the answer.
    """

    max_new_tokens: int
    cancel: Event
    sampling: Sampling = GREEDY
    stop_ids: frozenset[int] = frozenset()
    key: Hashable = None
    guide: GuideState | None = None
    mixture: Mixture | None = None
    search: LineSearch | None = None
    lookup: DraftSource | None = None
    scores: TokenScores | None = None
    deadline_s: float | None = None

    def is_late(self) -> bool:
        return self.deadline_s is not None and monotonic() >= self.deadline_s
