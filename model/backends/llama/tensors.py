"""Tensors of a file of weights, read into memory of our own.

Nothing stays mapped: a file that is cut short or overwritten later changes no weight and kills no process, and one that
is cut short while it is read is an error.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import torch

from ... import outside
from ...catalogue.tensor_file import Header, Tensor, header_of
from ...errors import BrokenCheckpoint, UnreadableFile

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "U8": torch.uint8,
    "I8": torch.int8,
    "I32": torch.int32,
}


class TensorFile:
    """An open file. Use it as a context manager."""

    def __init__(self, path: Path, read_header: Callable[[BinaryIO, Path], Header] = header_of) -> None:
        """`read_header`: of safetensors, if it is no other format's. Raises `BrokenCheckpoint`."""
        self.path = path
        try:
            self._file = outside.open_file(path)
        except UnreadableFile as error:
            raise BrokenCheckpoint(error.problem, "Download the model again.") from error
        try:
            self._state = _state(os.fstat(self._file.fileno()))
            self.header = read_header(self._file, path)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> TensorFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def bytes_of(self, name: str) -> torch.Tensor:
        """The bytes of a tensor that the file has, shape (n,). Raises `BrokenCheckpoint` where they are gone."""
        tensor = self.header.tensors[name]
        content = torch.empty(tensor.size_bytes, dtype=torch.uint8)
        unread = content.numpy().data
        self._file.seek(tensor.start)
        while unread:
            try:
                count = self._file.readinto(unread)  # pyright: ignore[reportAttributeAccessIssue]
            except OSError as error:
                raise BrokenCheckpoint(f"{self.path} cannot be read: {error.strerror}.", "Check the disk.") from error
            if not count:
                raise self._changed()
            unread = unread[count:]
        return content

    def get(self, name: str) -> torch.Tensor:
        """A tensor that the file has. Raises `BrokenCheckpoint` where its bytes are gone."""
        return shaped(self.bytes_of(name), self.header.tensors[name])

    def check_unchanged(self) -> None:
        """Raises `BrokenCheckpoint` where someone wrote to the file since it was opened: what was read is a mixture."""
        if _state(os.fstat(self._file.fileno())) != self._state:
            raise self._changed()

    def _changed(self) -> BrokenCheckpoint:
        return BrokenCheckpoint(
            f"{self.path} was changed while it was read.", "Load the model again once the file is whole."
        )


def shaped(content: torch.Tensor, tensor: Tensor) -> torch.Tensor:
    """The bytes of a tensor as what they stand for."""
    return content.view(DTYPES[tensor.dtype]).view(tensor.shape)


def check_finite(tensor: torch.Tensor, name: str, path: Path) -> None:
    """Raises `BrokenCheckpoint` where a weight is NaN or infinite in the number format that it has here."""
    # Both the least and the greatest are NaN where any weight is.
    if tensor.numel() and not torch.stack(torch.aminmax(tensor)).isfinite().all():
        raise BrokenCheckpoint(
            f"{name} in {path} has weights that are no finite numbers in {tensor.dtype}.",
            "Download the model again, or set dtype = bfloat16 or float32.",
        )


def _state(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns
