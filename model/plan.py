"""Decides, before anything is loaded, which model runs where, in which number format, and says why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from .catalogue import EMBEDDED, Entry
from .checkpoint import Checkpoint, inspect
from .errors import (
    BrokenCheckpoint,
    ModelError,
    OutOfMemory,
    UnsafeWeights,
    UnsupportedQuantization,
    VocabularyMismatch,
)
from .hardware import Device, Dtype, best_dtype, find_device, is_small
from .llama.native.library import runs_natively
from .sizes import Quantization, Size, kv_limit_bytes, needed_bytes, size_of
from .sources import Source, check_agreed, find_source, installed_entries
from .tokenizer import Tokenizer

NO_DRAFTS = "none"
"""What `Wanted.draft_model` is where no small model drafts."""

# Beyond this a CPU needs a good part of a second per token, quantized or not.
_LARGEST_AUTOMATIC_CPU_PARAMETERS = 2_000_000_000
# A larger model that fits a GPU only in 4 bits is so large for it that prefill takes seconds.
_LARGEST_AUTOMATIC_NF4_PARAMETERS = 8_000_000_000
_SMALLER: tuple[Quantization, ...] = ("int8", "nf4", "int4")
_USABLE_SHARE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the user asked for; `auto` leaves it to `make_plan`.

    `sequence_tokens`: prompt and completion together, for which the KV cache needs room. `trusted`: names of models
    whose own code may run. `smaller_than`: so many parameters `auto` may not take. `draft_model`: named as `model` is.
    `agreed`: the folders that may be loaded, by their canonical paths; None: all.
    """

    model: str = "auto"
    device: str = "auto"
    dtype: Dtype | Literal["auto"] = "auto"
    quantization: Quantization | Literal["auto"] = "auto"
    sequence_tokens: int = 2048
    trusted: Collection[str] = ()
    smaller_than: int | None = None
    draft_model: str = NO_DRAFTS
    agreed: Collection[Path] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one model will be loaded.

    `spread`: over all devices by accelerate, since it exceeds one of them. `kv_limit_bytes`: for all KV caches.
    `draft`: how the small model that drafts for it will be loaded beside it.
    """

    source: Source
    checkpoint: Checkpoint
    device: Device
    dtype: Dtype
    quantization: Quantization
    spread: bool
    kv_limit_bytes: int
    trusted: bool
    reason: str
    draft: Plan | None = None

    @property
    def by_bitsandbytes(self) -> bool:
        """Whether bitsandbytes quantizes, and not we ourselves."""
        return self.quantization in ("int8", "nf4") and not _is_ours(self.quantization, self.device, self.checkpoint)

    @property
    def summary(self) -> str:
        drafts = f"; {self.draft.source.name} ({self.draft.format}) drafts for it" if self.draft else ""
        return f"{self.source.name} on {self.device.name} ({self.format}): {self.reason}{drafts}"

    @property
    def format(self) -> str:
        return self.dtype if self.quantization == "none" else self.quantization


def make_plan(wanted: Wanted, *, base: Path) -> Plan:
    """The plan for `wanted`; folders are relative to `base`. Imports torch, loads nothing.

    Raises the errors of `find_source`, `check_agreed`, `inspect` and `find_device`, `UnsupportedQuantization`,
    `VocabularyMismatch` where a model cannot draft for another, and `OutOfMemory` where they cannot fit.
    """
    if wanted.model == "auto":
        plan = _automatic(wanted, find_device(wanted.device))
    else:
        source = check_agreed(find_source(wanted.model, base=base), wanted.agreed)
        checkpoint = inspect(source.folder)  # what is wrong with it is found before torch takes its seconds
        plan = _named(source, checkpoint, find_device(wanted.device), wanted, spread=True)
    return plan if wanted.draft_model == NO_DRAFTS else _with_draft(plan, wanted, base)


def _with_draft(plan: Plan, wanted: Wanted, base: Path) -> Plan:
    """The same with a draft model, which takes only what the model leaves: it makes nothing better but time."""
    source = check_agreed(find_source(wanted.draft_model, base=base), wanted.agreed)
    if not _have_one_vocabulary(source, plan.source):
        raise VocabularyMismatch(
            f"{source.name} cannot draft for {plan.source.name}: their vocabularies differ.",
            "Set draft_model to a smaller model of the same family, or to none.",
        )
    size = size_of(plan.source, plan.checkpoint)
    needed = needed_bytes(size, plan.quantization, plan.dtype, wanted.sequence_tokens)
    left = max(0, int(plan.device.free_bytes - needed / _USABLE_SHARE))
    beside = replace(plan.device, free_bytes=left)
    try:
        draft = _named(
            source, inspect(source.folder), beside, replace(wanted, quantization="auto", dtype="auto"), spread=False
        )
    except OutOfMemory as error:
        raise OutOfMemory(
            f"Beside {plan.source.name}, {error.problem}",
            "Set draft_model = none, or a smaller quantization or context_tokens.",
        ) from error
    draft_size = size_of(source, draft.checkpoint)
    left -= needed_bytes(draft_size, draft.quantization, draft.dtype, wanted.sequence_tokens)
    limit = kv_limit_bytes(size, plan.quantization, plan.dtype, wanted.sequence_tokens, left)
    return replace(plan, kv_limit_bytes=limit, draft=replace(draft, device=plan.device))


def _have_one_vocabulary(one: Source, other: Source) -> bool:
    return one.folder == other.folder or Tokenizer(one.folder).has_vocabulary_of(Tokenizer(other.folder))


def _automatic(wanted: Wanted, device: Device) -> Plan:
    """The best installed model that fills in, fits `device`, and is fast enough there to wait for.

    Raises `OutOfMemory` where not even the embedded one fits.
    """
    left_out: list[str] = []
    problem: ModelError | None = None
    for source in installed_entries():
        assert source.entry is not None
        parameters = source.entry.parameters
        if not source.entry.fills_in or (wanted.smaller_than and parameters >= wanted.smaller_than):
            continue
        if device.kind == "cpu" and parameters > _LARGEST_AUTOMATIC_CPU_PARAMETERS:
            left_out.append(f"{source.name} is too slow for {device.name}")
            continue
        large = wanted.quantization == "auto" and parameters > _LARGEST_AUTOMATIC_NF4_PARAMETERS
        try:
            limited = replace(wanted, quantization="none") if large else wanted
            plan = _named(source, inspect(source.folder), device, limited, spread=False)
        except OutOfMemory as error:
            left_out.append(f"{source.name} is too large for {device.name}")
            problem = error
        except (BrokenCheckpoint, UnsafeWeights) as error:
            left_out.append(f"{source.name} is damaged")
            problem = error
        else:
            return replace(plan, reason=_reason(source, left_out))
    raise problem or OutOfMemory("No smaller model is installed.", "Free memory, or lower context_tokens.")


def _reason(source: Source, left_out: list[str]) -> str:
    if left_out:
        return f"the best installed model that fits; {', '.join(left_out)}"
    if source.name == EMBEDDED:
        return "no other model is installed (see `seekline models list`)"
    return "the best installed model that fits"


def _named(source: Source, checkpoint: Checkpoint, device: Device, wanted: Wanted, *, spread: bool) -> Plan:
    """The plan of the best number format that fits; where none does and `spread` allows it, over all devices.

    Raises `OutOfMemory`.
    """
    size, usable = size_of(source, checkpoint), device.free_bytes * _USABLE_SHARE
    formats = _formats(wanted, device, checkpoint)
    needs = [needed_bytes(size, quantization, dtype, wanted.sequence_tokens) for dtype, quantization in formats]
    fitting = [format for format, need in zip(formats, needs, strict=True) if need <= usable]
    if not fitting and not (spread and device.kind == "cuda" and _installed("accelerate")):
        raise OutOfMemory(
            f"{source.name} needs about {min(needs) / 1e9:.1f} GB; "
            f"{device.name} has {device.free_bytes / 1e9:.1f} GB free.",
            "Free memory, set quantization = nf4 or a smaller context_tokens, or choose a smaller model.",
        )
    dtype, quantization = fitting[0] if fitting else formats[0]
    left = usable - needed_bytes(size, quantization, dtype, wanted.sequence_tokens)
    return Plan(
        source=source,
        checkpoint=checkpoint,
        device=device,
        dtype=dtype,
        quantization=quantization,
        spread=not fitting,
        kv_limit_bytes=kv_limit_bytes(size, quantization, dtype, wanted.sequence_tokens, left),
        trusted=source.name in wanted.trusted,
        reason="it is what the settings name",
    )


def _formats(wanted: Wanted, device: Device, checkpoint: Checkpoint) -> list[tuple[Dtype, Quantization]]:
    """What may be tried, the best first. Raises `UnsupportedQuantization` for one that was asked for."""
    best = best_dtype(device, checkpoint.parameters) if wanted.dtype == "auto" else wanted.dtype
    if wanted.quantization != "auto":
        check_quantization(wanted.quantization, device, checkpoint)
        return [(best, wanted.quantization)]
    possible: list[tuple[Dtype, Quantization]] = [
        (best, name) for name in _SMALLER if _why_not(name, device, checkpoint) is None
    ]
    if device.kind != "cpu":
        return [(best, "none"), *[format for format in possible if format[1] != "int8"][:1]]
    # Each token reads all weights: on a CPU half the bits are half the time, unless a cache holds them all anyway.
    ours = [f for f in possible if _is_ours(f[1], device, checkpoint) and not is_small(checkpoint.parameters)]
    if checkpoint.llama is not None and runs_natively(checkpoint.llama):
        # The fewest bits first; torch's own product takes longer with four than with eight.
        ours.sort(key=lambda format: format[1] != "int4")
    formats: list[tuple[Dtype, Quantization]] = [*ours, (best, "none")]
    if best == "float32" and wanted.dtype == "auto":
        formats.append(("bfloat16", "none"))
    elif not ours:
        formats += [format for format in possible if format[1] == "nf4"]
    return formats


def _is_ours(quantization: Quantization, device: Device, checkpoint: Checkpoint) -> bool:
    """Whether our own forward pass quantizes, without bitsandbytes."""
    ours = ("int4", "int8") if device.kind == "cpu" else ("int4",)
    return checkpoint.llama is not None and quantization in ours


def fits(entry: Entry, device: Device, quantization: Quantization) -> bool:
    """Whether a catalogue model would fit on `device`, with a prompt of ordinary length."""
    size = Size(entry.parameters, entry.kv_bytes_per_token, entry.context_tokens, entry.weight_bytes)
    need = needed_bytes(size, quantization, best_dtype(device, entry.parameters), Wanted().sequence_tokens)
    return need <= device.free_bytes * _USABLE_SHARE


def smaller_quantization(plan: Plan) -> Quantization | None:
    """Four bits a weight, where the plan has more and the device, this installation and the architecture allow it."""
    if plan.quantization not in ("none", "int8"):
        return None
    fours: tuple[Quantization, ...] = ("int4", "nf4")
    return next((name for name in fours if _why_not(name, plan.device, plan.checkpoint) is None), None)


def check_quantization(quantization: Quantization, device: Device, checkpoint: Checkpoint) -> None:
    """Raises `UnsupportedQuantization` where `device`, this installation, or the architecture cannot have it."""
    if problem := _why_not(quantization, device, checkpoint):
        raise UnsupportedQuantization(*problem)


def _why_not(quantization: Quantization, device: Device, checkpoint: Checkpoint) -> tuple[str, str] | None:
    if quantization == "none":
        return None
    if device.kind not in ("cpu", "cuda"):
        return (
            f"Quantization {quantization} runs on CUDA and on the CPU, not on {device.name}.",
            "Set quantization = none, or device = cpu.",
        )
    if quantization == "int4":
        return _why_not_int4(device, checkpoint)
    if _is_ours(quantization, device, checkpoint):
        return None
    missing = [name for name in ("bitsandbytes", "accelerate") if not _installed(name)]
    if missing:
        return (
            f"Quantization {quantization} needs {' and '.join(missing)}, which this installation lacks.",
            "In the clone of Seekline run: pip install '.[gpu]' (with pipx: pipx install --force '.[gpu]'). "
            "Or set quantization = int4 or none.",
        )
    return None


def _why_not_int4(device: Device, checkpoint: Checkpoint) -> tuple[str, str] | None:
    if checkpoint.llama is None:
        return (
            f"Quantization int4 is for models of the Llama architecture, and {checkpoint.folder.name} is none.",
            "Set quantization = nf4 or none.",
        )
    if device.kind == "cuda" and "bfloat16" not in device.fast_dtypes:
        return (
            f"Quantization int4 needs a GPU that multiplies bfloat16, and {device.name} does not.",
            "Set quantization = nf4 or none.",
        )
    return None


def _installed(package: str) -> bool:
    return find_spec(package) is not None
