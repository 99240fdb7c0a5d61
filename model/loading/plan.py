"""Decides, before anything is loaded, which model runs where, in which number format, and says why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..catalogue.adapter import NO_ADAPTER, Adapter, find_adapter
from ..catalogue.catalogue import EMBEDDED
from ..catalogue.checkpoint import Checkpoint, inspect
from ..catalogue.sources import Source, check_agreed, find_sources, installed_entries
from ..catalogue.wanted import ANY
from ..errors import (
    BrokenCheckpoint,
    ModelError,
    OutOfMemory,
    UnsafeWeights,
    UnsupportedArchitecture,
    UnsupportedQuantization,
    VocabularyMismatch,
)
from ..tokenizer import Tokenizer
from .adapter_choice import choose_adapter, learned_adapter
from .engine_choice import RunsBy, choose_engine, has_llama_cpp, llama_cpp_formats
from .hardware import Device, Dtype, find_device
from .limits import is_large, is_too_slow
from .llama_cpp_devices import llama_cpp_device
from .quantization_choice import is_installed, is_ours, number_formats, smaller_quantization
from .request import NO_DRAFTS, ModelRequest
from .sizes import Quantization, kv_limit_bytes, needed_bytes, size_of
from .variants import by_entry, by_preference

Look = Callable[[Source], Checkpoint]
"""Says what is in a source."""

USABLE_SHARE = 0.9
"""Of the memory that is free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one model will be loaded.

    `sequence_tokens`: prompt and completion together. `spread`: over all devices by accelerate, since it exceeds one of
    them. `kv_limit_bytes`: for all KV caches. `draft`: how the small model that drafts for it will be loaded beside it.
    `merges_adapter`: whether the adapter is added to the weights; else it runs beside them, and can be exchanged.
    `packed`: a file with its quantized weights. `notice`: why the adapter that was learned for it does not run.
    """

    source: Source
    checkpoint: Checkpoint
    engine: RunsBy
    device: Device
    dtype: Dtype
    quantization: Quantization
    sequence_tokens: int
    spread: bool
    kv_limit_bytes: int
    trusted: bool
    reason: str
    draft: Plan | None = None
    adapter: Adapter | None = None
    merges_adapter: bool = False
    packed: Path | None = None
    notice: str | None = None

    @property
    def memory_bytes(self) -> int:
        """What it may take: weights, all KV caches, what computing needs on top, and the same of what drafts for it."""
        weights = needed_bytes(size_of(self.source, self.checkpoint), self.quantization, self.dtype, 0)
        return weights + self.kv_limit_bytes + (self.draft.memory_bytes if self.draft else 0)

    @property
    def by_bitsandbytes(self) -> bool:
        """Whether bitsandbytes quantizes, and not we ourselves."""
        return self.quantization in ("int8", "nf4") and not is_ours(self.quantization, self.device, self.checkpoint)

    @property
    def smaller_quantization(self) -> Quantization | None:
        """In what it could run where memory is full, with more bits now; None where nothing is smaller."""
        return smaller_quantization(self.quantization, self.device, self.checkpoint)

    @property
    def summary(self) -> str:
        drafts = f"; {self.draft.source.name} ({self.draft.format}) drafts for it" if self.draft else ""
        by = ", by llama.cpp" if self.engine == "llama.cpp" else ""
        adapter = f" with the adapter {self.adapter.path}" if self.adapter else ""
        return f"{self.source.name}{adapter} on {self.device.name} ({self.format}{by}): {self.reason}{drafts}"

    @property
    def format(self) -> str:
        if self.quantization == "stored":
            return self.source.quantization or self.checkpoint.weights_format
        return self.dtype if self.quantization == "none" else self.quantization


def make_plan(wanted: ModelRequest, *, base: Path) -> Plan:
    """The plan for `wanted`; folders are relative to `base`. Imports torch, loads nothing.

    Raises the errors of `find_sources`, `check_agreed`, `inspect` and `find_device`, `UnsupportedQuantization`,
    `VocabularyMismatch` where a model cannot draft for another, and `OutOfMemory` where they cannot fit.
    """
    if wanted.model == "auto":
        plan = _automatic(wanted, _device(wanted))
    else:
        sources = _agreed_sources(wanted.model, base, wanted)
        known = [look_at(sources[0])] if len(sources) == 1 else []  # before torch takes its seconds
        look = (lambda _: known[0]) if known else look_at
        plan = _best(sources, _device(wanted), wanted, spread=True, look=look)
    plan = replace(with_adapter(plan, wanted, base=base), packed=wanted.packed)
    return plan if wanted.draft_model == NO_DRAFTS else _with_draft(plan, wanted, base)


def _device(wanted: ModelRequest) -> Device:
    """Of torch, or of llama.cpp where nothing else may compute. Raises `UnsupportedDevice`."""
    is_for_llama_cpp = wanted.engine == "llama.cpp" and has_llama_cpp()
    return _within(llama_cpp_device(wanted.device) if is_for_llama_cpp else find_device(wanted.device), wanted)


def _within(device: Device, wanted: ModelRequest) -> Device:
    """The device, with as much memory of it as `wanted` may take."""
    if wanted.memory_bytes is None:
        return device
    return replace(device, free_bytes=min(device.free_bytes, int(wanted.memory_bytes / USABLE_SHARE)))


def with_adapter(plan: Plan, wanted: ModelRequest, *, base: Path) -> Plan:
    """The same with the adapter that `wanted` names, or that was learned for it, or without any. Raises the errors of
    `choose_adapter` for one that is named."""
    if wanted.learned is not None and wanted.adapter == NO_ADAPTER:
        adapter, notice = learned_adapter(wanted.learned, plan.source, plan.checkpoint, plan.engine)
        return replace(plan, adapter=adapter, merges_adapter=False, notice=notice)
    adapter = None
    if wanted.adapter != NO_ADAPTER:
        path = find_adapter(wanted.adapter, base=base, agreed=wanted.agreed)
        is_quantized = plan.quantization == "stored" or plan.by_bitsandbytes or wanted.packed is not None
        quantized = plan.format if is_quantized and wanted.merge_adapter else None
        adapter = choose_adapter(path, plan.checkpoint, plan.engine, model=plan.source.name, quantized=quantized)
    return replace(plan, adapter=adapter, merges_adapter=adapter is not None and wanted.merge_adapter)


def _agreed_sources(name: str, base: Path, wanted: ModelRequest) -> list[Source]:
    weights = wanted.weights if name == wanted.model else ANY
    return [check_agreed(source, wanted.agreed) for source in find_sources(name, base=base, weights=weights)]


def _with_draft(plan: Plan, wanted: ModelRequest, base: Path) -> Plan:
    """The same with a draft model, which takes only what the model leaves: it makes nothing better but time."""
    sources = _agreed_sources(wanted.draft_model, base, wanted)
    source = sources[0]
    if not _have_one_vocabulary(source, plan.source):
        raise VocabularyMismatch(
            f"{source.name} cannot draft for {plan.source.name}: their vocabularies differ.",
            "Set draft_model to a smaller model of the same family, or to none.",
        )
    size = size_of(plan.source, plan.checkpoint)
    needed = needed_bytes(size, plan.quantization, plan.dtype, wanted.sequence_tokens)
    left = max(0, int(plan.device.free_bytes - needed / USABLE_SHARE))
    beside = replace(plan.device, free_bytes=left)
    try:
        draft = _best(sources, beside, replace(wanted, quantization="auto", dtype="auto"), spread=False, look=look_at)
    except OutOfMemory as error:
        raise OutOfMemory(
            f"Beside {plan.source.name}, {error.problem}",
            "Set draft_model = none, or a smaller quantization or context_tokens.",
        ) from error
    if "llama.cpp" in (plan.engine, draft.engine):
        raise UnsupportedArchitecture(
            f"{source.name} cannot draft for {plan.source.name}: in llama.cpp no model drafts for another here.",
            "Set draft_model = none.",
        )
    draft_size = size_of(draft.source, draft.checkpoint)
    left -= needed_bytes(draft_size, draft.quantization, draft.dtype, wanted.sequence_tokens)
    limit = kv_limit_bytes(size, plan.quantization, plan.dtype, wanted.sequence_tokens, left, wanted.max_sequences)
    return replace(plan, kv_limit_bytes=limit, draft=replace(draft, device=plan.device))


def _have_one_vocabulary(one: Source, other: Source) -> bool:
    return one.path == other.path or Tokenizer(one.path).has_vocabulary_of(Tokenizer(other.path))


def look_at(source: Source) -> Checkpoint:
    """What is in a source that is here. Raises what `inspect` raises."""
    return inspect(source.path)


def _automatic(wanted: ModelRequest, device: Device) -> Plan:
    """The best installed model that fills in, fits `device`, and is fast enough there to wait for.

    Raises `OutOfMemory` where not even the embedded one fits.
    """
    left_out: list[str] = []
    problem: ModelError | None = None
    for entry, sources in by_entry(installed_entries(wanted.weights)):
        if not entry.fills_in or (wanted.smaller_than and entry.parameters >= wanted.smaller_than):
            continue
        if is_too_slow(entry, device):
            left_out.append(f"{entry.name} is too slow for {device.name}")
            continue
        large = wanted.quantization == "auto" and is_large(entry)
        try:
            limited = replace(wanted, quantization="none") if large else wanted
            plan = _best(sources, device, limited, spread=False, look=look_at)
        except OutOfMemory as error:
            left_out.append(f"{entry.name} is too large for {device.name}")
            problem = error
        except UnsupportedArchitecture as error:
            left_out.append(f"{entry.name} does not run by what is installed and wanted")
            problem = error
        except (BrokenCheckpoint, UnsafeWeights) as error:
            left_out.append(f"{entry.name} is damaged")
            problem = error
        else:
            return replace(plan, reason=_reason(plan.source, left_out))
    raise problem or OutOfMemory("No smaller model is installed.", "Free memory, or lower context_tokens.")


def _reason(source: Source, left_out: list[str]) -> str:
    if left_out:
        return f"the best installed model that fits; {', '.join(left_out)}"
    if source.name == EMBEDDED:
        return "no other model is installed (see `seekline models list`)"
    return "the best installed model that fits"


def _best(sources: Sequence[Source], device: Device, wanted: ModelRequest, *, spread: bool, look: Look) -> Plan:
    """The plan for the format that suits the device best, of those in which a model is here; where none fits and
    `spread` allows it, over all devices. Raises why the last does not fit, or cannot run where none can."""
    problem: ModelError | None = None
    too_large: OutOfMemory | None = None
    for source in by_preference(sources, device):
        try:
            return _named(source, look(source), device, wanted, spread=spread and len(sources) == 1)
        except OutOfMemory as error:
            too_large = error
        except (BrokenCheckpoint, UnsafeWeights, UnsupportedArchitecture, UnsupportedQuantization) as error:
            problem = error
    published = [source for source in sources if source.format == "safetensors"]
    if too_large is not None and spread and len(sources) > 1 and published:
        return _named(published[0], look(published[0]), device, wanted, spread=True)
    raise too_large or problem or AssertionError("a model is here in no format")


def _named(source: Source, checkpoint: Checkpoint, device: Device, wanted: ModelRequest, *, spread: bool) -> Plan:
    """The plan of the best number format that fits; where none does and `spread` allows it, over all devices.

    `device`: of torch; llama.cpp has its own. Raises `OutOfMemory`, and `UnsupportedArchitecture` where nothing can run
    it.
    """
    engine, device, formats = ways_to_run(checkpoint, device, wanted)
    size, usable = size_of(source, checkpoint), device.free_bytes * USABLE_SHARE
    needs = [needed_bytes(size, quantization, dtype, wanted.sequence_tokens) for dtype, quantization in formats]
    fitting = [position for position, need in enumerate(needs) if need <= usable]
    # transformers spreads a model, which reads no quantized files.
    is_stored = checkpoint.stored_bytes is not None
    may_spread = spread and engine != "llama.cpp" and device.kind == "cuda" and is_installed("accelerate")
    if not fitting and (is_stored or not may_spread):
        raise OutOfMemory(
            f"{source.name} needs about {min(needs) / 1e9:.1f} GB; "
            f"{device.name} has {device.free_bytes / 1e9:.1f} GB free.",
            "Free memory, set quantization = nf4 or a smaller context_tokens, or choose a smaller model.",
        )
    chosen = fitting[0] if fitting else 0
    left = usable - needs[chosen]
    dtype, quantization = formats[chosen]
    return Plan(
        source=source,
        checkpoint=checkpoint,
        engine=engine if fitting else "transformers",
        device=device,
        dtype=dtype,
        quantization=quantization,
        sequence_tokens=wanted.sequence_tokens,
        spread=not fitting,
        kv_limit_bytes=kv_limit_bytes(size, quantization, dtype, wanted.sequence_tokens, left, wanted.max_sequences),
        trusted=source.name in wanted.trusted,
        reason="it is what the settings name",
    )


def ways_to_run(
    checkpoint: Checkpoint, device: Device, wanted: ModelRequest
) -> tuple[RunsBy, Device, list[tuple[Dtype, Quantization]]]:
    """Whose forward pass runs a model, where, and in which number formats, the best first. `device`: of torch. Raises
    what `choose_engine` and `number_formats` raise."""
    engine = choose_engine(checkpoint, wanted.engine)
    if engine == "llama.cpp":
        device = _within(llama_cpp_device(wanted.device), wanted)
        return engine, device, llama_cpp_formats(wanted.quantization, checkpoint)
    return engine, device, number_formats(wanted.dtype, wanted.quantization, device, checkpoint)


def plan_named(sources: Sequence[Source], look: Look, device: Device, wanted: ModelRequest) -> Plan:
    """The plan where `wanted` names the model that `sources` have, in one format each, which need not be here for it:
    `look` says what is in them. Raises what `make_plan` raises."""
    return _best(sources, device, wanted, spread=True, look=look)
