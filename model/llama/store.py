"""Quantized weights on disk, so that a second start need not quantize again.

One safetensors file per model and settings, in the cache folder: its name is a hash of what it was made from. It is
written beside its place and moved there whole; a damaged one is made again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from itertools import count, takewhile
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

log = logging.getLogger(__name__)

_FORMAT = 2  # to be raised when the codes of the same weights change


class QuantizedStore:
    """Tensors of matrices by name: read from a file where it is there, else made, collected, and written by `close`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _open(path)
        self._names = frozenset(self._file.keys() if self._file is not None else ())
        self._new: dict[str, torch.Tensor] = {}

    def tensors(self, name: str, make: Callable[[], tuple[torch.Tensor, ...]]) -> tuple[torch.Tensor, ...]:
        """What `make` gives for the matrix `name`, now or in the run that wrote the file."""
        if self._file is not None:
            keys = (f"{name}.{number}" for number in count())
            return tuple(self._file.get_tensor(key) for key in takewhile(self._names.__contains__, keys))
        made = make()
        self._new.update((f"{name}.{number}", tensor.cpu()) for number, tensor in enumerate(made))
        return made

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
