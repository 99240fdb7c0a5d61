"""A model in memory, and what it was loaded for. Another engine may have it, too, over the same weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..catalogue.adapter import NO_ADAPTER
from ..loading.fallback import LoadResult
from ..loading.request import ModelRequest
from .runner import ModelRunner
from .wanted import LocalModel

Borrow = Callable[[LocalModel], LoadResult[ModelRunner] | None]
"""Called on the device's thread: what is wanted, but for its adapter, over weights that another engine has in memory;
None where none has."""


def nobody_lends(wanted: LocalModel) -> None:
    """Where there is no other engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InMemory:
    """`request`: what was loaded, which may be less than what was wanted."""

    runner: ModelRunner
    wanted: LocalModel
    request: ModelRequest

    def is_base_of(self, wanted: LocalModel) -> bool:
        """Whether it lacks at most another adapter to be what is wanted."""
        merges = wanted.request.merge_adapter and wanted.request.adapter != NO_ADAPTER
        if self.runner.plan.merges_adapter or merges:
            return False
        return wanted.without_adapter().is_same_model(self.wanted.without_adapter())

    def lend(self, wanted: LocalModel, *, kv_limit_bytes: int) -> LoadResult[ModelRunner] | None:
        """The same once more, with no adapter, where it is the base of what is wanted, and can be shared. From any
        thread."""
        twin = self.runner.twin(kv_limit_bytes=kv_limit_bytes) if self.is_base_of(wanted) else None
        return None if twin is None else LoadResult(loaded=twin, plan=twin.plan, request=self.request, problem=None)
