"""Quantized weights on disk, so that a second start need not quantize again.

One safetensors file per model and settings, in the cache folder: its name is a hash of what it was made from, which
also stands in it, as does a checksum of each tensor. It is written beside its place and moved there whole. All of it is
read into memory and compared with its checksums before a token is computed; a damaged one is deleted and made again.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import zlib
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from ...catalogue.tensor_file import Tensor
from ...errors import BrokenCheckpoint
from .kept import delete_kept, evict, kept_path, made_from
from .tensors import DTYPES, TensorFile, shaped

log = logging.getLogger(__name__)

_MOST_TENSORS = 3  # of a matrix
_NAMES = {dtype: name for name, dtype in DTYPES.items()}


class Damaged(Exception):
    """The file is not what was written: everything that was read from it has to be made again."""


class QuantizedStore:
    """Tensors of matrices by name: those of a file, where it is there, and those put since, which `keep` writes."""

    def __init__(self, path: Path, origin: str) -> None:
        """`origin`: what tells these weights from all others."""
        self.path = path
        self._origin = origin
        self._new: dict[str, torch.Tensor] = {}
        self._checksums: dict[str, int] = {}
        self._checks: list[Future[bool]] = []
        # One thread compares what is read while the next tensor is.
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="seekline-checksums")
        self._file = self._open()

    def __contains__(self, name: str) -> bool:
        return f"{name}.0" in self._new or f"{name}.0" in self._checksums

    def get(self, name: str) -> tuple[torch.Tensor, ...]:
        """What was put for the matrix `name`, now or in the run that wrote the file; it lies in the host's memory.

        Raises `Damaged` where the file is cut short; `check` finds out about all other damage.
        """
        keys = [f"{name}.{number}" for number in range(_MOST_TENSORS)]
        if keys[0] in self._new:
            return tuple(self._new[key] for key in keys if key in self._new)
        return tuple(self._read(key) for key in keys if key in self._checksums)

    def put(self, name: str, *tensors: torch.Tensor) -> None:
        self._new.update((f"{name}.{number}", tensor.cpu()) for number, tensor in enumerate(tensors))

    def check(self) -> None:
        """Waits until all that was read is compared with its checksums. Raises `Damaged`."""
        if not all(check.result() for check in self._checks):
            raise Damaged

    def discard(self) -> None:
        """Deletes the file, and goes on as if it had never been there."""
        log.warning("%s is damaged; the weights are quantized again.", self.path)
        self._close_file()
        delete_kept(self.path)
        for kept in (self._new, self._checksums, self._checks):
            kept.clear()

    def keep(self) -> None:
        """Writes what was put, and notes that what was there is used."""
        if self._new:
            self._write()
        elif self._file is not None:
            with suppress(OSError):
                os.utime(self.path)  # the least recently used is given up first
            evict(self.path.parent, keep=self.path)

    def close(self) -> None:
        self._pool.shutdown()
        self._close_file()

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> TensorFile | None:
        if not self.path.is_file():
            return None
        try:
            file = TensorFile(self.path)
        except BrokenCheckpoint as error:
            log.warning("%s The weights are quantized again.", error.problem)
            delete_kept(self.path)
            return None
        header, checksums = file.header, _checksums_in(file.header.metadata)
        is_known = all(tensor.dtype in DTYPES for tensor in header.tensors.values())
        if (
            header.metadata.get("made_from") != self._origin
            or checksums.keys() != header.tensors.keys()
            or not is_known
        ):
            file.close()
            log.warning("%s is of other weights; it is made again.", self.path)
            return None
        self._checksums = checksums
        return file

    def _read(self, key: str) -> torch.Tensor:
        assert self._file is not None, "asked for what is not there"
        tensor = self._file.header.tensors[key]
        try:
            content = self._file.bytes_of(key)
        except BrokenCheckpoint as error:
            raise Damaged from error
        expected = self._checksums[key]
        self._checks.append(self._pool.submit(lambda: _checksum(key, tensor, content) == expected))
        return shaped(content, tensor)

    def _write(self) -> None:
        """A disk that is full or read-only costs only the next start's time."""
        beside = self.path.with_suffix(f".{os.getpid()}-{secrets.token_hex(4)}.part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            metadata = {"made_from": self._origin, "checksums": json.dumps(self._checksums_of_new())}
            save_file(self._new, beside, metadata)
            beside.replace(self.path)
        except (OSError, SafetensorError) as error:
            log.warning("The quantized weights could not be kept in %s: %s", self.path, error)
            delete_kept(beside)
        else:
            evict(self.path.parent, keep=self.path)

    def _checksums_of_new(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for key, tensor in self._new.items():
            content = tensor.contiguous().view(torch.uint8).flatten()
            entry = Tensor(dtype=_NAMES[tensor.dtype], shape=tuple(tensor.shape), start=0, size_bytes=tensor.nbytes)
            found[key] = _checksum(key, entry, content)
        return found


def _checksum(key: str, tensor: Tensor, content: torch.Tensor) -> int:
    """Of a tensor's bytes, its name, shape and type."""
    described = f"{key} {tensor.dtype} {tensor.shape}".encode()
    return zlib.crc32(content.numpy().data, zlib.crc32(described))


def _checksums_in(metadata: Mapping[str, str]) -> dict[str, int]:
    try:
        found = json.loads(metadata.get("checksums", "{}"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def store_of(model: Path, cache: Path, settings: dict[str, object]) -> QuantizedStore:
    """The store for the weights of `model`, as they are now, quantized with `settings`."""
    origin = made_from(model, settings)
    return QuantizedStore(kept_path(cache, origin), origin)
