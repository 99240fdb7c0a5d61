"""The devices that llama.cpp can compute on, which depends on how xllamacpp was built, not on torch."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from ..errors import UnsupportedDevice
from .hardware import Device, cpu_device

_LIST_WITHIN_S = 60.0
# In a process of its own: a driver that is asked keeps memory of its device as long as its process lives.
_LIST = """
import json, xllamacpp
print(json.dumps([
    {"name": d["name"], "title": d["description"], "kind": int(d["type"]), "free_bytes": d["memory_free"],
     "total_bytes": d["memory_total"]} for d in xllamacpp.get_device_info()
]))
"""
_GPU, _INTEGRATED_GPU = 1, 2  # of ggml_backend_dev_type
_NAMES = {"cuda": "cuda", "rocm": "rocm", "vulkan": "vulkan", "metal": "mps", "mtl": "mps", "sycl": "sycl"}


class _Listed(BaseModel):
    name: str
    title: str
    kind: int
    free_bytes: int
    total_bytes: int


_LISTED = TypeAdapter(list[_Listed])


def llama_cpp_device(wanted: str) -> Device:
    """The device that a setting names; `auto` takes the first GPU, else the CPU.

    Raises `UnsupportedDevice` where this build of xllamacpp has no such device.
    """
    if wanted == "cpu":
        return cpu_device()
    devices = llama_cpp_devices()
    if wanted == "auto":
        return devices[0]
    by_name = {device.name: device for device in devices}
    name = f"{wanted}:0" if f"{wanted}:0" in by_name else wanted
    if name in by_name:
        return by_name[name]
    raise UnsupportedDevice(
        f"There is no device {wanted!r} for llama.cpp here: xllamacpp sees {', '.join(by_name)}.",
        "Set device to one of these or to auto. PyPI's xllamacpp computes on the CPU, and by Metal; its page there "
        "says where the builds for CUDA, ROCm and Vulkan are.",
    )


def llama_cpp_devices() -> list[Device]:
    """Every device, the fastest first. Integrated GPUs are used where there are no others, as llama.cpp does it."""
    found = _listed()
    gpus = [each for each in found if each.kind == _GPU] or [each for each in found if each.kind == _INTEGRATED_GPU]
    return [*(_device(each) for each in gpus), cpu_device()]


def index_of(device: Device) -> int:
    """Of a GPU among those that llama.cpp counts."""
    return [each.name for each in llama_cpp_devices()].index(device.name)


def _listed() -> list[_Listed]:
    """Empty where xllamacpp cannot say, as without a driver: then there is the CPU."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if entry)  # noqa: PTH100
    try:
        said = subprocess.run(
            [sys.executable, "-c", _LIST],
            cwd=Path(__file__).parent,  # no module of the current folder comes first on its path
            env={**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_LIST_WITHIN_S,
            check=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        ).stdout
        return _LISTED.validate_python(json.loads(said))
    except (OSError, ValueError, subprocess.SubprocessError, ValidationError):
        return []


def _device(listed: _Listed) -> Device:
    """By the names that torch gives: `CUDA0` is `cuda:0`, Metal's is `mps`."""
    kind, number = re.fullmatch(r"(.*?)(\d*)", listed.name.lower()).groups()  # type: ignore[union-attr]
    name = _NAMES.get(kind, kind)
    return Device(
        name=name if name == "mps" else f"{name}:{number or 0}",
        title=listed.title,
        total_bytes=listed.total_bytes,
        free_bytes=listed.free_bytes,
        fast_dtypes=("float16",),
    )
