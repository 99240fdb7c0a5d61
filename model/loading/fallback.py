"""Loads less where memory is short: no draft model, then fewer bits, a shorter context, and at last, where `auto` chose
it, a smaller model. Memory that a plan counted on may be taken by the time it is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from ..catalogue.adapter import NO_ADAPTER
from ..errors import OutOfMemory
from .memory import release_memory
from .plan import Plan, make_plan
from .request import NO_DRAFTS, ModelRequest

_LEAST_SEQUENCE_TOKENS = 512
Loaded = TypeVar("Loaded")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult(Generic[Loaded]):
    """A model that was loaded by `plan`. `request`: what it was loaded for. `problem`: why that is less than what
    was wanted; None where it is the same."""

    loaded: Loaded
    plan: Plan
    request: ModelRequest
    problem: OutOfMemory | None


def load_what_fits(wanted: ModelRequest, *, base: Path, load: Callable[[Plan], Loaded]) -> LoadResult[Loaded]:
    """Plans `wanted` and has `load` load it, or less of it while memory runs out. Raises the errors of `make_plan` and
    `load`; `OutOfMemory` where nothing is left to give up, and then the first one."""
    request: ModelRequest | None = wanted
    problem: OutOfMemory | None = None
    while request is not None:
        plan: Plan | None = None
        try:
            plan = make_plan(request, base=base)
            return LoadResult(loaded=load(plan), plan=plan, request=request, problem=problem)
        except OutOfMemory as error:
            # A new one: the frames of this one hold what was loaded so far.
            problem = problem or OutOfMemory(error.problem, error.remedy)
        release_memory()
        request = _less(request, plan, wanted)
    assert problem is not None
    raise problem


def _less(request: ModelRequest, plan: Plan | None, wanted: ModelRequest) -> ModelRequest | None:
    """What to try after `request`, whose plan, if there was one, asked for too much; None where nothing is left.
    `wanted`: the request at first."""
    if request.draft_model != NO_DRAFTS:
        return replace(request, draft_model=NO_DRAFTS)
    if plan is None and request.quantization != "auto":
        return replace(request, quantization="auto")  # any that fits
    if plan is not None and plan.smaller_quantization is not None:
        return replace(request, quantization=plan.smaller_quantization)
    if request.sequence_tokens >= 2 * _LEAST_SEQUENCE_TOKENS:
        return replace(request, sequence_tokens=request.sequence_tokens // 2)
    # An adapter fits one model, so that no other one can take its place.
    if plan is not None and request.model == "auto" and request.adapter == NO_ADAPTER:
        return replace(wanted, draft_model=NO_DRAFTS, smaller_than=plan.checkpoint.parameters)
    return None
