"""Tensors of a safetensors file, read into memory of our own.

Nothing stays mapped: a file that is cut short or overwritten later changes no weight and kills no process, and one that
is cut short while it is read is an error.
"""

from __future__ import annotations

import os
from pathlib import Path

import torch

from ... import outside
from ...catalogue.tensor_file import Tensor, header_of
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

    def __init__(self, path: Path) -> None:
        """Raises `BrokenCheckpoint`."""
        self.path = path
        try:
            self._file = outside.open_file(path)
        except UnreadableFile as error:
            raise BrokenCheckpoint(error.problem, "Download the model again.") from error
        try:
            self._state = _state(os.fstat(self._file.fileno()))
            self.header = header_of(self._file, path)
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


def _state(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns
