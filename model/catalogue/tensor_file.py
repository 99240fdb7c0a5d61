"""What the header of a safetensors file says, believed only where it agrees with itself and with the file's size."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO

from pydantic import BaseModel, Field, TypeAdapter

from .. import outside
from ..errors import BrokenCheckpoint, UnreadableFile, UnsafeWeights

MAX_HEADER_BYTES = 16_000_000
"""The format allows 100 MB; 200 bytes for each of 80,000 tensors is beyond every model."""

ITEM_BYTES = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 1),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 2),
    **dict.fromkeys(("U32", "I32", "F32"), 4),
    **dict.fromkeys(("U64", "I64", "F64"), 8),
}
_AGAIN = "Download the model again."
_METADATA = "__metadata__"
_LENGTH_BYTES = 8
_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
"""How torch.save's archives begin, and pickles."""
_Whole = Annotated[int, Field(strict=True, ge=0, le=1 << 48)]


class _Row(BaseModel):
    dtype: str
    shape: Annotated[list[_Whole], Field(max_length=16)]
    data_offsets: tuple[_Whole, _Whole]


_ROWS = TypeAdapter(dict[str, _Row])
_TEXTS = TypeAdapter(dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """Where a tensor lies: `start` in bytes from the file's begin."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]

    @property
    def parameters(self) -> int:
        return sum(math.prod(tensor.shape) for tensor in self.tensors.values())


def read_header(path: Path) -> Header:
    """The header of a file on the disk. Raises what `header_of` raises."""
    try:
        with outside.open_file(path) as file:
            return header_of(file, path)
    except UnreadableFile as error:
        raise BrokenCheckpoint(error.problem, _AGAIN) from error


def header_of(file: BinaryIO, path: Path) -> Header:
    """The header of an open file; `path` names it in errors. Raises `BrokenCheckpoint`, and `UnsafeWeights` for a
    pickle."""
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    begin = file.read(_LENGTH_BYTES)
    length = int.from_bytes(begin, "little")
    try:
        if length > min(size, MAX_HEADER_BYTES) and begin.startswith(_PICKLES):
            raise UnsafeWeights(
                f"{path} is a pickle by the name of a safetensors file; reading one can run any code.",
                "Take a model saved as safetensors, or convert it where you trust it (save_pretrained).",
            )
        if length > min(size, MAX_HEADER_BYTES):
            raise UnreadableFile(path, f"announces a header of {length:,} bytes")
        table = outside.parse_json(file.read(length), name=path)
        if not isinstance(table, dict):
            raise UnreadableFile(path, "has a header that is no object")
        metadata = outside.checked(table.pop(_METADATA, {}), _TEXTS, name=path)
        rows = outside.checked(table, _ROWS, name=path)
    except UnreadableFile as error:
        raise BrokenCheckpoint(f"{path} is no safetensors file: it {error.fault}.", _AGAIN) from error
    return Header(tensors=_tensors(rows, _LENGTH_BYTES + length, size, path), metadata=metadata)


def _tensors(rows: Mapping[str, _Row], data_start: int, size: int, path: Path) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    end = 0
    # Without gaps and overlaps, in the order of their places: as the format demands.
    for name, row in sorted(rows.items(), key=lambda item: item[1].data_offsets):
        start, stop = row.data_offsets
        item_bytes = ITEM_BYTES.get(row.dtype)
        if item_bytes is None:
            raise _contradiction(path, f"{name!r} has the unknown type {row.dtype[:40]!r}")
        if start != end or stop - start != item_bytes * math.prod(row.shape):
            raise _contradiction(path, f"{name!r} does not lie where its shape says")
        found[name] = Tensor(dtype=row.dtype, shape=tuple(row.shape), start=data_start + start, size_bytes=stop - start)
        end = stop
    if size != data_start + end:
        raise BrokenCheckpoint(
            f"{path} has {size:,} bytes where its header announces {data_start + end:,}.",
            "Run the download again: it was cut short.",
        )
    return found


def _contradiction(path: Path, what: str) -> BrokenCheckpoint:
    return BrokenCheckpoint(f"{path} is no safetensors file: {what[:300]}.", _AGAIN)
