"""What is loaded where memory is short: first without drafts, then in fewer bits, with a shorter context, and at last,
where `auto` chose it, a smaller model. Memory that a plan counted on may be taken by the time it is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import OutOfMemory
from .load import LoadedModel, load_model
from .memory import release_memory
from .plan import NO_DRAFTS, ModelRequest, Plan, make_plan

_LEAST_SEQUENCE_TOKENS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """A model that was loaded, and the `request` that it came to in the end. `problem`: why that is less than what was
    wanted at first; None where it is the same."""

    loaded: LoadedModel
    request: ModelRequest
    problem: OutOfMemory | None


def load_what_fits(wanted: ModelRequest, *, base: Path, threads: int, report: Callable[[str], None]) -> LoadResult:
    """Plans and loads `wanted`, or less of it while memory runs out. See `make_plan` and `load_model`, whose errors it
    raises; `OutOfMemory` where nothing is left to give up, and then the first one."""
    less, problem = wanted, None
    while True:
        plan: Plan | None = None
        try:
            plan = make_plan(less, base=base)
            return LoadResult(loaded=load_model(plan, threads=threads, report=report), request=less, problem=problem)
        except OutOfMemory as error:
            # A new one: the frames of this one hold what was loaded so far.
            problem = problem or OutOfMemory(error.problem, error.remedy)
        release_memory()
        if (found := _less(less, plan, wanted)) is None:
            raise problem
        less = found


def _less(wanted: ModelRequest, plan: Plan | None, first: ModelRequest) -> ModelRequest | None:
    """What to try after `wanted`, whose plan, if there was any, asked for too much; None where nothing is left."""
    if wanted.draft_model != NO_DRAFTS:
        return replace(wanted, draft_model=NO_DRAFTS)
    if plan is None and wanted.quantization != "auto":
        return replace(wanted, quantization="auto")  # any that fits
    if plan is not None and (quantization := plan.smaller_quantization):
        return replace(wanted, quantization=quantization)
    if wanted.sequence_tokens >= 2 * _LEAST_SEQUENCE_TOKENS:
        return replace(wanted, sequence_tokens=wanted.sequence_tokens // 2)
    if plan is not None and wanted.model == "auto":
        return replace(first, draft_model=NO_DRAFTS, smaller_than=plan.checkpoint.parameters)
    return None
