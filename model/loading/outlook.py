"""How each model of the catalogue would run here, downloaded or not: what the planner would make of its name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..catalogue.catalogue import Entry, all_entries
from ..catalogue.sources import Source, installed_entries, published_sources
from ..errors import ModelError, OutOfMemory
from .hardware import Device, find_device
from .limits import is_large, is_too_slow
from .plan import Look, Plan, look_at, plan_named, ways_to_run
from .published import check_published, expected
from .request import NO_DRAFTS, ModelRequest
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
    """How the models of the catalogue would run if `wanted` named them, the best first: in the format that suits this
    machine best, of those in which they are here, else of those in which they are published. Imports torch, loads
    nothing.

    Raises `UnsupportedDevice`.
    """
    device = find_device(wanted.device)
    installed: dict[str, list[Source]] = {}
    for source in installed_entries(wanted.weights):
        installed.setdefault(source.name, []).append(source)
    for entry in all_entries().values():
        here = installed.get(entry.name)
        if here is not None:
            yield _outlook(entry, here, look_at, device, wanted)
        else:
            yield _outlook(entry, published_sources(entry, wanted.weights), expected, device, wanted)


def outlooks_of_formats(entry: Entry, wanted: ModelRequest) -> Iterator[tuple[Source, Outlook]]:
    """How a model would run in each format and quantization in which it is published. Imports torch, loads nothing.

    Raises `UnsupportedDevice`.
    """
    device = find_device(wanted.device)
    installed = {(one.name, one.format, one.quantization): one for one in installed_entries()}
    for source in published_sources(entry, wanted.weights):
        here = installed.get((source.name, source.format, source.quantization))
        if here is not None:
            yield here, _outlook(entry, [here], look_at, device, wanted)
        else:
            yield source, _outlook(entry, [source], expected, device, wanted)


def _outlook(entry: Entry, sources: Sequence[Source], look: Look, device: Device, wanted: ModelRequest) -> Outlook:
    is_installed = look is not expected
    plan: Plan | None = None
    problem, memory_bytes = "", None
    named = replace(wanted, model=entry.name, draft_model=NO_DRAFTS)
    try:
        check_published(entry, sources, wanted.weights)
        try:
            plan = plan_named(sources, look, device, named)
        except OutOfMemory as error:
            problem = error.problem
        memory_bytes = _memory_bytes(sources, look, device, named, plan)
    except ModelError as error:
        problem = error.problem
    return Outlook(
        entry=entry,
        is_installed=is_installed,
        plan=plan,
        problem=problem,
        memory_bytes=memory_bytes,
        is_automatic=plan is not None and _is_automatic(plan, named),
        is_too_slow=is_too_slow(entry, device),
    )


def _is_automatic(plan: Plan, wanted: ModelRequest) -> bool:
    """Whether `auto` takes this model with this plan, if no better one is installed; all else is as in `wanted`."""
    entry = plan.source.entry
    if entry is None or not entry.fills_in or is_too_slow(entry, plan.device) or plan.spread:
        return False
    return plan.quantization == "none" or wanted.quantization != "auto" or not is_large(entry)


def _memory_bytes(
    sources: Sequence[Source], look: Look, device: Device, wanted: ModelRequest, plan: Plan | None
) -> int:
    """Of the plan's number format; without a plan, of the one that takes least."""
    tokens = wanted.sequence_tokens
    if plan is not None:
        return needed_bytes(size_of(plan.source, plan.checkpoint), plan.quantization, plan.dtype, tokens)
    needs: list[int] = []
    problem: ModelError | None = None
    for source in sources:
        checkpoint = look(source)
        try:
            _, _, formats = ways_to_run(checkpoint, device, wanted)
        except ModelError as error:
            problem = error
            continue
        size = size_of(source, checkpoint)
        for dtype, quantization in formats:
            needs.append(needed_bytes(size, quantization, dtype, tokens))
    if not needs and problem is not None:
        raise problem
    return min(needs)
