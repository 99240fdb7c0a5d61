"""In which number format, and quantized how, a device, this installation and an architecture can run a model."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal

from ..backends.llama.native_structures import runs_natively
from ..catalogue.checkpoint import Checkpoint
from ..errors import UnsupportedQuantization
from .hardware import Device, Dtype, best_dtype, is_small
from .sizes import Quantization

_SMALLER: tuple[Quantization, ...] = ("int8", "nf4", "int4")


def number_formats(
    dtype: Dtype | Literal["auto"], quantization: Quantization | Literal["auto"], device: Device, checkpoint: Checkpoint
) -> list[tuple[Dtype, Quantization]]:
    """What may be tried, the best first. Raises `UnsupportedQuantization` for one that was asked for, and for weights
    that nothing here reads."""
    _check_readable(checkpoint)
    best = best_dtype(device, checkpoint.parameters) if dtype == "auto" else dtype
    if quantization != "auto":
        check_quantization(quantization, device, checkpoint)
        return [(best, quantization)]
    if _why_not("stored", device, checkpoint) is None and not _is_cached(device, checkpoint):
        return [(best, "stored")]
    possible: list[Quantization] = [name for name in _SMALLER if _why_not(name, device, checkpoint) is None]
    if device.kind != "cpu":
        fours: list[Quantization] = [name for name in possible if name != "int8"]
        return [(best, "none"), *((best, name) for name in fours[:1])]
    ours = _ours_on_cpu(possible, device, checkpoint)
    formats: list[tuple[Dtype, Quantization]] = [*((best, name) for name in ours), (best, "none")]
    if best == "float32" and dtype == "auto":
        formats.append(("bfloat16", "none"))
    elif not ours and "nf4" in possible:
        formats.append((best, "nf4"))
    return formats


def _check_readable(checkpoint: Checkpoint) -> None:
    """Raises `UnsupportedQuantization` for packed weights of an architecture that our own forward pass lacks:
    transformers reads them with packages that Seekline does not know, and some of them not whole."""
    if checkpoint.packing is not None and checkpoint.llama is None:
        raise UnsupportedQuantization(
            f"The weights of {checkpoint.path.name} are quantized by {checkpoint.packing.method.upper()}, which "
            f"Seekline reads for the Llama architecture, and its architecture is {checkpoint.model_type!r}.",
            "Take the same model as GGUF, or as it was before it was quantized.",
        )


def _is_cached(device: Device, checkpoint: Checkpoint) -> bool:
    """Whether the device holds so much of a model in its caches that fewer bits of a weight make nothing faster."""
    return device.kind == "cpu" and is_small(checkpoint.parameters)


def _ours_on_cpu(possible: list[Quantization], device: Device, checkpoint: Checkpoint) -> list[Quantization]:
    """What is better than no quantization on a CPU, the best first.

    Each token reads all weights: half the bits are half the time, unless a cache holds them all anyway.
    """
    if _is_cached(device, checkpoint):
        return []
    ours: list[Quantization] = [name for name in possible if is_ours(name, device, checkpoint)]
    if checkpoint.llama is not None and runs_natively(checkpoint.llama):
        # The fewest bits first; torch's own product takes longer with four than with eight.
        ours.sort(key=lambda name: name != "int4")
    return ours


def is_ours(quantization: Quantization, device: Device, checkpoint: Checkpoint) -> bool:
    """Whether our own forward pass quantizes, without bitsandbytes."""
    ours = ("int4", "int8") if device.kind == "cpu" else ("int4",)
    return checkpoint.llama is not None and quantization in ours


def smaller_quantization(quantization: Quantization, device: Device, checkpoint: Checkpoint) -> Quantization | None:
    """Four bits a weight, where there are more and the device, this installation and the architecture allow it."""
    if quantization not in ("none", "int8"):
        return None
    fours: tuple[Quantization, ...] = ("int4", "nf4")
    for name in fours:
        if _why_not(name, device, checkpoint) is None:
            return name
    return None


def check_quantization(quantization: Quantization, device: Device, checkpoint: Checkpoint) -> None:
    """Raises `UnsupportedQuantization` where `device`, this installation, or the architecture cannot have it."""
    refusal = _why_not(quantization, device, checkpoint)
    if refusal is not None:
        problem, remedy = refusal
        raise UnsupportedQuantization(problem, remedy)


def _why_not(quantization: Quantization, device: Device, checkpoint: Checkpoint) -> tuple[str, str] | None:
    """The problem and the remedy; None where it can be had."""
    if quantization == "none":
        return None
    if quantization == "stored":
        return _why_not_stored(device, checkpoint)
    if device.kind not in ("cpu", "cuda"):
        return (
            f"Quantization {quantization} runs on CUDA and on the CPU, not on {device.name}.",
            "Set quantization = none, or device = cpu.",
        )
    if quantization == "int4":
        return _why_not_int4(device, checkpoint)
    if is_ours(quantization, device, checkpoint):
        return None
    if checkpoint.stored_bytes is not None:
        return (
            f"Quantization {quantization} is made of weights in 16 bits, and those of {checkpoint.path.name} are "
            "quantized in their file.",
            "Set quantization = auto, which takes them as they are.",
        )
    missing = [name for name in ("bitsandbytes", "accelerate") if not is_installed(name)]
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
            f"Quantization int4 is for models of the Llama architecture, and {checkpoint.path.name} is none.",
            "Set quantization = nf4 or none.",
        )
    if device.kind == "cuda" and "bfloat16" not in device.fast_dtypes:
        return (
            f"Quantization int4 needs a GPU that multiplies bfloat16, and {device.name} does not.",
            "Set quantization = nf4 or none.",
        )
    return None


def _why_not_stored(device: Device, checkpoint: Checkpoint) -> tuple[str, str] | None:
    remedy = "Set quantization = auto."
    if checkpoint.stored_bytes is None:
        return f"The weights of {checkpoint.path.name} are not quantized in their file.", remedy
    if checkpoint.llama is None:
        return f"Quantized files are for models of the Llama architecture, and {checkpoint.path.name} is none.", remedy
    if device.kind not in ("cpu", "cuda") or (device.kind == "cuda" and "bfloat16" not in device.fast_dtypes):
        return f"{device.name} does not multiply weights as they are quantized in their file.", remedy
    return None


def is_installed(package: str) -> bool:
    return find_spec(package) is not None
