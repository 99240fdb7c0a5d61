"""Memory that is full, or no longer needed: the error that says so, and how it is given back to device and system."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import OutOfMemory


@contextmanager
def as_out_of_memory(device: str) -> Iterator[None]:
    """Turns what torch raises where memory is full into `OutOfMemory`."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemory(
            f"{device} ran out of memory in a completion.",
            "Lower context_tokens, set quantization = int4, or choose a smaller model.",
        ) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that memory is full: CUDA has a type for it, the CPU's allocator only words."""
    import torch

    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error)


def release_memory() -> None:
    """Gives memory back, to the device too, that no object uses any more. Does not import torch where nobody has."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def trim_heap() -> None:
    """Gives freed memory back to the system that the C library keeps.

    Only glibc keeps much: once a large block was freed, later blocks up to its size come from the heap (mallopt(3),
    "dynamic mmap threshold"), which seldom shrinks.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries than glibc have none
        if trim is not None:
            trim(0)
