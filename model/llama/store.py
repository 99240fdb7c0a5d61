"""Quantized weights on disk, so that a second start need not quantize again.

One safetensors file per model and settings, in the cache folder: its name is a hash of what it was made from. It is
written beside its place and moved there whole; a damaged one is made again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

log = logging.getLogger(__name__)

_FORMAT = 3  # to be raised when the codes of the same weights change
_MOST_TENSORS = 2  # of a matrix


class QuantizedStore:
    """Tensors of matrices by name: those of a file, where it is there, and those put since, which `close` writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _open(path)
        self._names = frozenset(self._file.keys() if self._file is not None else ())
        self._new: dict[str, torch.Tensor] = {}

    def __contains__(self, name: str) -> bool:
        return f"{name}.0" in self._names or f"{name}.0" in self._new

    def get(self, name: str) -> tuple[torch.Tensor, ...]:
        """What was put for the matrix `name`, now or in the run that wrote the file; it lies in the host's memory."""
        keys = [f"{name}.{number}" for number in range(_MOST_TENSORS)]
        if keys[0] in self._new:
            return tuple(self._new[key] for key in keys if key in self._new)
        assert self._file is not None, "asked for what is not there"
        return tuple(self._file.get_tensor(key) for key in keys if key in self._names)

    def put(self, name: str, *tensors: torch.Tensor) -> None:
        self._new.update((f"{name}.{number}", tensor.cpu()) for number, tensor in enumerate(tensors))

    def close(self) -> None:
        """Writes what was put. A disk that is full or read-only costs only the next start's time."""
        if not self._new:
            return
        beside = self.path.with_suffix(f".{os.getpid()}.part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            save_file(self._new, beside)
            beside.replace(self.path)
        except (OSError, SafetensorError) as error:
            log.warning("The quantized weights could not be kept in %s: %s", self.path, error)
            with suppress(OSError):
                beside.unlink(missing_ok=True)


def _open(path: Path):
    try:
        return safe_open(path, framework="pt", device="cpu")
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError):
        log.warning("%s is damaged; the weights are quantized again.", path)
        return None


def store_of(folder: Path, cache: Path, **settings: object) -> QuantizedStore:
    """The store for the weights in `folder`, as they are now, quantized with `settings`."""
    files = sorted(folder.glob("*.safetensors*"))
    seen = [[path.name, path.resolve().stat().st_size, path.resolve().stat().st_mtime_ns] for path in files]
    key = json.dumps([_FORMAT, str(folder.resolve()), seen, settings], sort_keys=True)
    return QuantizedStore(cache / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.safetensors")
