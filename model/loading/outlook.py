"""How each model of the catalogue would run here, downloaded or not: what the planner would make of its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..catalogue.catalogue import Entry, all_entries
from ..catalogue.checkpoint import Checkpoint, expected_checkpoint, inspect
from ..catalogue.sources import Source, installed_entries
from ..errors import ModelError, OutOfMemory
from .hardware import Device, find_device
from .plan import NO_DRAFTS, ModelRequest, Plan, is_automatic, is_too_slow, plan_named
from .quantization_choice import number_formats
from .sizes import needed_bytes, size_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How one model would run. `plan`: None where it cannot, and then `problem` says why.

    `memory_bytes`: what it takes, or would take at the least where that is too much. `is_automatic`: whether `auto`
    takes it, if no better one is installed; `is_too_slow`: whether that is left to who names it.
    """

    entry: Entry
    is_installed: bool
    plan: Plan | None
    problem: str
    memory_bytes: int | None
    is_automatic: bool
    is_too_slow: bool


def outlooks(wanted: ModelRequest) -> Iterator[Outlook]:
    """How the models of the catalogue would run if `wanted` named them, the best first. Imports torch, loads nothing.

    Raises `UnsupportedDevice`.
    """
    device = find_device(wanted.device)
    installed = {source.name: source for source in installed_entries()}
    for entry in all_entries().values():
        named = replace(wanted, model=entry.name, draft_model=NO_DRAFTS)
        yield _outlook(entry, installed.get(entry.name), device, named)


def _outlook(entry: Entry, source: Source | None, device: Device, wanted: ModelRequest) -> Outlook:
    plan: Plan | None = None
    problem, memory_bytes = "", None
    try:
        checkpoint = inspect(source.path) if source else expected_checkpoint(entry)
        here = source or Source(name=entry.name, path=checkpoint.path, entry=entry)
        try:
            plan = plan_named(here, checkpoint, device, wanted)
        except OutOfMemory as error:
            problem = error.problem
        memory_bytes = _memory_bytes(here, checkpoint, device, wanted, plan)
    except ModelError as error:
        problem = error.problem
    return Outlook(
        entry=entry,
        is_installed=source is not None,
        plan=plan,
        problem=problem,
        memory_bytes=memory_bytes,
        is_automatic=plan is not None and is_automatic(plan, wanted),
        is_too_slow=is_too_slow(entry, device),
    )


def _memory_bytes(
    source: Source, checkpoint: Checkpoint, device: Device, wanted: ModelRequest, plan: Plan | None
) -> int:
    """Of the plan's number format; without a plan, of the one that takes least."""
    size, tokens = size_of(source, checkpoint), wanted.sequence_tokens
    if plan is not None:
        return needed_bytes(size, plan.quantization, plan.dtype, tokens)
    formats = number_formats(wanted.dtype, wanted.quantization, device, checkpoint)
    return min(needed_bytes(size, quantization, dtype, tokens) for dtype, quantization in formats)
