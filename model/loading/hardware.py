"""The devices of this machine: what there is, how much memory is free, which number formats are fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import UnsupportedDevice

Dtype = Literal["float32", "bfloat16", "float16"]
_SMALL_PARAMETERS = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device as torch names it (`cpu`, `cuda:0`, `mps`). `fast_dtypes`: the best first."""

    name: str
    title: str
    total_bytes: int
    free_bytes: int
    fast_dtypes: tuple[Dtype, ...]

    @property
    def kind(self) -> str:
        return self.name.partition(":")[0]


def find_device(wanted: str) -> Device:
    """The device that a setting names; `auto` takes the first GPU, else the CPU. Imports torch.

    Raises `UnsupportedDevice` where this machine, or this build of torch, has no such device.
    """
    devices = all_devices()
    if wanted == "auto":
        return devices[0]
    by_name = {device.name: device for device in devices}
    name = "cuda:0" if wanted == "cuda" else wanted
    if name in by_name:
        return by_name[name]
    raise UnsupportedDevice(
        f"There is no device {wanted!r} here: torch sees {', '.join(by_name)}.",
        "Set device to one of these or to auto; `seekline doctor` says what torch was built for.",
    )


def all_devices() -> list[Device]:
    """Every device, the fastest first. Imports torch."""
    import torch

    gpus = [_cuda(index) for index in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    mps = [_mps()] if torch.backends.mps.is_available() else []
    return [*gpus, *mps, cpu_device()]


def best_dtype(device: Device, parameters: int) -> Dtype:
    """The number format to compute in.

    A small model runs in float32 on a CPU: its weights stay in the cache, and there is nothing to gain by halving.
    """
    if device.kind == "cpu" and is_small(parameters):
        return "float32"
    return device.fast_dtypes[0]


def is_small(parameters: int) -> bool:
    """Whether a CPU's caches hold a good part of a model."""
    return parameters < _SMALL_PARAMETERS


def compute_threads() -> int:
    """Threads for a CPU that also runs an editor: the physical cores but one, at least one."""
    import psutil

    return max(1, (psutil.cpu_count(logical=False) or 2) - 1)


def most_threads() -> int:
    """The threads that this machine runs at the same time; more would wait for each other."""
    import psutil

    return max(1, psutil.cpu_count() or 1, psutil.cpu_count(logical=False) or 1)


def _cuda(index: int) -> Device:
    import torch

    free, total = torch.cuda.mem_get_info(index)
    return Device(
        name=f"cuda:{index}",
        title=torch.cuda.get_device_name(index),
        total_bytes=total,
        free_bytes=free,
        fast_dtypes=("bfloat16", "float16", "float32")
        if torch.cuda.get_device_capability(index) >= (8, 0)
        else ("float16", "float32"),
    )


def _mps() -> Device:
    import torch

    limit = torch.mps.recommended_max_memory()
    return Device(
        name="mps",
        title="Apple GPU",
        total_bytes=limit,
        free_bytes=max(0, limit - torch.mps.driver_allocated_memory()),
        fast_dtypes=("float16", "float32"),
    )


def cpu_device() -> Device:
    """Imports torch."""
    import platform

    import psutil

    memory = psutil.virtual_memory()
    return Device(
        name="cpu",
        title=platform.machine(),  # `platform.processor` would run the first `uname` that it finds
        total_bytes=memory.total,
        free_bytes=memory.available,
        fast_dtypes=("bfloat16", "float32") if _cpu_has_bfloat16() else ("float32", "bfloat16"),
    )


def _cpu_has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 itself; without, torch's bfloat16 prefill takes about five times as long."""
    import torch

    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    return any(is_there and "bf16" in name for name, is_there in capabilities.items())
