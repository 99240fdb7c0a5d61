"""Decides, before anything is loaded, which model runs where, in which number format, and says why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from .catalogue import EMBEDDED, Entry
from .checkpoint import Checkpoint, inspect
from .errors import BrokenCheckpoint, ModelError, OutOfMemory, UnsafeWeights, UnsupportedQuantization
from .hardware import Device, Dtype, best_dtype, find_device, is_small
from .sources import Source, find_source, installed_entries

Quantization = Literal["none", "int8", "nf4", "int4"]

# Beyond this a CPU needs a good part of a second per token, quantized or not.
_LARGEST_AUTOMATIC_CPU_PARAMETERS = 2_000_000_000
# A larger model that fits a GPU only in 4 bits is so large for it that prefill takes seconds.
_LARGEST_AUTOMATIC_NF4_PARAMETERS = 8_000_000_000
_SMALLER: tuple[Quantization, ...] = ("int8", "nf4", "int4")
_KV_SHARE = 0.25
_MOST_SEQUENCES = 16
_WORKSPACE_BYTES = 400_000_000
_USABLE_SHARE = 0.9
# bytes per weight where the catalogue has no size: linear layers quantized, embeddings not
_TYPICAL_BYTES = {"int8": 1.1, "nf4": 0.65, "int4": 0.65}
_DTYPE_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the user asked for; `auto` leaves it to `make_plan`.

    `sequence_tokens`: prompt and completion together, for which the KV cache needs room. `trusted`: names of models
    whose own code may run.
    """

    model: str = "auto"
    device: str = "auto"
    dtype: Dtype | Literal["auto"] = "auto"
    quantization: Quantization | Literal["auto"] = "auto"
    sequence_tokens: int = 2048
    trusted: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Size:
    """What a model's memory follows from; `quantized`: bytes of weights per quantization, where they are known."""

    parameters: int
    kv_bytes_per_token: int
    quantized: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one model will be loaded.

    `spread`: over all devices by accelerate, since it exceeds one of them. `kv_limit_bytes`: for all KV caches.
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

    @property
    def by_bitsandbytes(self) -> bool:
        """Whether bitsandbytes quantizes, and not we ourselves."""
        return self.quantization in ("int8", "nf4") and not _is_ours(self.quantization, self.device, self.checkpoint)

    @property
    def summary(self) -> str:
        format = self.dtype if self.quantization == "none" else self.quantization
        return f"{self.source.name} on {self.device.name} ({format}): {self.reason}"


def make_plan(wanted: Wanted, *, base: Path) -> Plan:
    """The plan for `wanted`; folders are relative to `base`. Imports torch, loads nothing.

    Raises the errors of `find_source`, `inspect` and `find_device`, `UnsupportedQuantization`, and `OutOfMemory`
    where the model cannot fit.
    """
    if wanted.model == "auto":
        return _automatic(wanted, find_device(wanted.device))
    source = find_source(wanted.model, base=base)
    checkpoint = inspect(source.folder)  # what is wrong with it is found before torch takes its seconds
    return _named(source, checkpoint, find_device(wanted.device), wanted, spread=True)


def _automatic(wanted: Wanted, device: Device) -> Plan:
    """The best installed model that fills in, fits `device`, and is fast enough there to wait for.

    Raises `OutOfMemory` where not even the embedded one fits.
    """
    left_out: list[str] = []
    problem: ModelError | None = None
    for source in installed_entries():
        assert source.entry is not None
        parameters = source.entry.parameters
        if not source.entry.fills_in:
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
    assert problem is not None, "the embedded model is always installed"
    raise problem


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
    size, usable = _size(source, checkpoint), device.free_bytes * _USABLE_SHARE
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
        kv_limit_bytes=_kv_limit_bytes(size, dtype, wanted.sequence_tokens, left),
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


def _kv_limit_bytes(size: Size, dtype: Dtype, sequence_tokens: int, left_bytes: float) -> int:
    """For the sequence that is being completed, and others as far as a good part of what is left goes."""
    one = size.kv_bytes_per_token * sequence_tokens * _DTYPE_BYTES[dtype] // 2
    return min(_MOST_SEQUENCES * one, one + int(max(0, left_bytes) * _KV_SHARE))


def needed_bytes(size: Size, quantization: Quantization, dtype: Dtype, sequence_tokens: int) -> int:
    """Memory for weights, the KV cache of one sequence, and what computing needs on top."""
    item = _DTYPE_BYTES[dtype]
    if quantization == "none":
        weights = size.parameters * item
    else:
        weights = size.quantized.get(quantization) or int(size.parameters * _TYPICAL_BYTES[quantization])
    return weights + size.kv_bytes_per_token * sequence_tokens * item // 2 + _WORKSPACE_BYTES


def fits(entry: Entry, device: Device, quantization: Quantization) -> bool:
    """Whether a catalogue model would fit on `device`, with a prompt of ordinary length."""
    size = Size(entry.parameters, entry.kv_bytes_per_token, entry.weight_bytes)
    need = needed_bytes(size, quantization, best_dtype(device, entry.parameters), Wanted().sequence_tokens)
    return need <= device.free_bytes * _USABLE_SHARE


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
            "Install them with: pip install 'seekline[gpu]'. Or set quantization = int4 or none.",
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


def _size(source: Source, checkpoint: Checkpoint) -> Size:
    known = source.entry.weight_bytes if source.entry else {}
    return Size(checkpoint.parameters, checkpoint.kv_bytes_per_token, known)


def _installed(package: str) -> bool:
    return find_spec(package) is not None
