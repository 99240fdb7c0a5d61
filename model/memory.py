"""A device that is full, said in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .errors import OutOfMemory


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
