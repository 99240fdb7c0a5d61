"""What an engine is told to load, what it asks before it does, and what it tells meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from ..catalogue.adapter import NO_ADAPTER
from ..catalogue.learned import State
from ..errors import PathNotAgreed
from ..loading.request import ModelRequest
from .engine import EngineInfo

MayLoad = Callable[[], Collection[Path] | None]
"""The folders and files that may be loaded, by their canonical paths; None: all. It may read the disk, and raise
`ModelError`."""


def every_folder() -> None:
    """Where every folder is named by the user's own settings."""


MakeRoom = Callable[[ModelRequest, Path], ModelRequest]
"""Called on the device's thread before a request, with what its folders are relative to, is planned: what else is in
memory may go first, and the request may be told how much is left."""


def as_it_is(request: ModelRequest, base: Path) -> ModelRequest:
    """Where nothing else is in memory."""
    return request


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalModel:
    """What is to be loaded. Folders are relative to `base`. `threads`: for computing on a CPU. `max_new_tokens`: what a
    completion needs of the context. `unload_minutes`: after so long without a request memory is given back; 0: never.
    `learned_state`: of what the request's `learned` names: with another one, the adapter may be another one.
    `learned_places`: all folders of which `learned` may become one, while it runs.
    """

    request: ModelRequest
    base: Path
    threads: int
    max_new_tokens: int
    unload_minutes: float = 0
    learned_state: State | None = None
    learned_places: tuple[Path, ...] = ()

    def is_same_model(self, other: LocalModel | None) -> bool:
        """Whether the same weights run in the same way: how long prompts may be is not part of that."""
        if other is None or (self.base, self.threads) != (other.base, other.threads):
            return False
        return replace(self.request, sequence_tokens=0) == replace(other.request, sequence_tokens=0)

    def is_same_but_for_learned(self, other: LocalModel) -> bool:
        """Whether both want of the same model what is learned in the same places, which may be more by now."""
        if not self.learned_places or self.learned_places != other.learned_places:
            return False
        return replace(self, request=replace(self.request, learned=other.request.learned)).is_same_model(other)

    def has_learned_as_much_as(self, other: LocalModel | None) -> bool:
        """Whether nothing was learned or forgotten in between."""
        return other is not None and self.learned_state == other.learned_state

    def without_adapter(self) -> LocalModel:
        return replace(self, request=replace(self.request, adapter=NO_ADAPTER, merge_adapter=False, learned=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A step of loading. `done` with the last one; `info` where it is loaded; `error` where it was the last for that
    reason, `refused` where the user has not agreed to a folder; `warning` where it goes on with less."""

    message: str
    done: bool = False
    error: str | None = None
    warning: bool = False
    refused: PathNotAgreed | None = None
    info: EngineInfo | None = None
