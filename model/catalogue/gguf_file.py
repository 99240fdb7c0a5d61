"""What the header of a GGUF file says, believed only where it agrees with itself and with the file's size.

Versions 2 and 3, little endian, as ggml's docs/gguf.md describes them. Knows no torch, and nothing of what the entries
and tensors are for.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from .. import outside
from ..errors import BrokenCheckpoint, UnreadableFile
from .tensor_file import Tensor

MAX_HEADER_BYTES = 64_000_000
"""Three times that of the largest vocabularies."""
MAX_ENTRIES = 65_536
MAX_TENSORS = 100_000
MAX_ITEMS = 4_000_000
"""Of all arrays together: many times the tokens and merges of a vocabulary."""
MAX_NAME_BYTES = 1000
MAX_TEXT_BYTES = 1_000_000
MAX_DIMENSIONS = 4
MAX_ALIGNMENT = 1 << 16
DEFAULT_ALIGNMENT = 32

BLOCKS = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 40),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
    41: ("Q1_0", 128, 18),
}
"""By ggml's number of a type: its name, the weights of a block, and the bytes of one."""

GGUF_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_TEXT, _ARRAY = 8, 9
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
"""By the number of a value's type, as `struct` calls it."""
_AGAIN = "Download the model again."
_CUT_SHORT = "Run the download again: it was cut short."


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufHeader:
    """`metadata`: numbers, texts, and lists of one of them. `tensors`: with the outermost dimension first, as torch has
    them; GGUF itself begins with the innermost."""

    metadata: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    @property
    def parameters(self) -> int:
        return sum(math.prod(tensor.shape) for tensor in self.tensors.values())


def read_gguf_header(path: Path) -> GgufHeader:
    """The header of a file on the disk. Raises `BrokenCheckpoint`."""
    try:
        with outside.open_file(path) as file:
            return gguf_header_of(file, path)
    except UnreadableFile as error:
        raise BrokenCheckpoint(error.problem, _AGAIN) from error


def gguf_header_of(file: BinaryIO, path: Path) -> GgufHeader:
    """The header of an open file; `path` names it in errors. Raises `BrokenCheckpoint`."""
    file.seek(0)
    header = _HeaderBytes(file, path)
    _check_version(header)
    tensor_count = header.count("tensors", MAX_TENSORS)
    entry_count = header.count("entries", MAX_ENTRIES)
    metadata: dict[str, Any] = {}
    for _ in range(entry_count):
        key = header.text(MAX_NAME_BYTES)
        if key in metadata:
            raise header.fault(f"it has the entry {key[:100]!r} twice")
        metadata[key] = header.value(key)
    infos = [_tensor_info(header) for _ in range(tensor_count)]
    alignment = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or not 0 < alignment <= MAX_ALIGNMENT or alignment & (alignment - 1):
        raise header.fault(f"its alignment is {repr(alignment)[:40]}, which is no power of two")
    data_start = header.position + -header.position % alignment
    return GgufHeader(metadata=metadata, tensors=_tensors(infos, data_start, alignment, header))


class _HeaderBytes:
    """The bytes of a header, one value after the other; it owns the bounds on what they may cost."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.path = path
        self.position = 0
        self.size = os.fstat(file.fileno()).st_size
        self._file = file
        self._items = 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        end = self.position + count
        if end > self.size:
            raise BrokenCheckpoint(f"{self.path} ends after {self.size:,} bytes, within its header.", _CUT_SHORT)
        if end > MAX_HEADER_BYTES:
            raise self.fault(f"its header has more than {MAX_HEADER_BYTES:,} bytes")
        try:
            found = self._file.read(count)
        except OSError as error:
            raise BrokenCheckpoint(f"{self.path} cannot be read: {error.strerror}.", "Check the disk.") from error
        if len(found) != count:
            raise BrokenCheckpoint(
                f"{self.path} was changed while it was read.", "Load the model again once the file is whole."
            )
        self.position = end
        return found

    def number(self, code: str) -> Any:
        return struct.unpack(f"<{code}", self.take(struct.calcsize(f"<{code}")))[0]

    def count(self, what: str, most: int) -> int:
        announced = self.number("Q")
        if announced > most:
            raise self.fault(f"it announces {announced:,} {what}")
        return announced

    def text(self, most_bytes: int) -> str:
        content = self.take(self.count("bytes of a text", most_bytes))
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.fault(f"the text {content[:40]!r} is not UTF-8") from error

    def value(self, key: str) -> Any:
        kind = self.number("I")
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _TEXT:
            return self.text(MAX_TEXT_BYTES)
        if kind == _ARRAY:
            return self._array(key)
        raise self.fault(f"{key[:100]!r} has a value of the unknown type {kind}")

    def _array(self, key: str) -> list[Any]:
        kind = self.number("I")
        count = self.count(f"items of {key[:100]!r}", MAX_ITEMS - self._items)
        self._items += count
        if kind == _TEXT:
            return [self.text(MAX_TEXT_BYTES) for _ in range(count)]
        if kind not in _SCALARS:
            raise self.fault(f"{key[:100]!r} is a list of {'lists' if kind == _ARRAY else f'the unknown type {kind}'}")
        code = f"<{count}{_SCALARS[kind]}"
        return list(struct.unpack(code, self.take(struct.calcsize(code))))

    def fault(self, what: str) -> BrokenCheckpoint:
        return BrokenCheckpoint(f"{self.path} is no GGUF file: {what}.", _AGAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _TensorInfo:
    """`offset`: in bytes from where the data begin."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    size_bytes: int


def _check_version(header: _HeaderBytes) -> None:
    if header.size < len(GGUF_MAGIC) or header.take(len(GGUF_MAGIC)) != GGUF_MAGIC:
        raise header.fault("it does not begin with GGUF")
    version = header.number("I")
    if version in _VERSIONS:
        return
    if version & 0xFFFF == 0:
        raise header.fault("its numbers are big endian")
    raise BrokenCheckpoint(
        f"{header.path} is a GGUF file of version {version}.",
        "Take one of version 2 or 3: the same model, converted anew.",
    )


def _tensor_info(header: _HeaderBytes) -> _TensorInfo:
    name = header.text(MAX_NAME_BYTES)
    dimensions = header.number("I")
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        raise header.fault(f"{name[:100]!r} has {dimensions} dimensions")
    shape = tuple(header.number("Q") for _ in range(dimensions))
    number, offset = header.number("I"), header.number("Q")
    if number not in BLOCKS:
        raise header.fault(f"{name[:100]!r} has the unknown type {number}")
    dtype, block_weights, block_bytes = BLOCKS[number]
    # The innermost dimension is made of whole blocks.
    if 0 in shape or shape[0] % block_weights:
        raise header.fault(f"{name[:100]!r} of {dtype} has the shape {shape}, which is not made of whole blocks")
    size_bytes = math.prod(shape) // block_weights * block_bytes
    return _TensorInfo(name=name, dtype=dtype, shape=shape[::-1], offset=offset, size_bytes=size_bytes)


def _tensors(infos: list[_TensorInfo], data_start: int, alignment: int, header: _HeaderBytes) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    end = 0
    before = ""
    for info in sorted(infos, key=lambda one: one.offset):
        if info.name in found:
            raise header.fault(f"it has the tensor {info.name[:100]!r} twice")
        if info.offset % alignment:
            raise header.fault(f"{info.name[:100]!r} does not begin at a multiple of {alignment} bytes")
        if info.offset < end:
            raise header.fault(f"{info.name[:100]!r} begins within {before[:100]!r}")
        start, end, before = data_start + info.offset, info.offset + info.size_bytes, info.name
        found[info.name] = Tensor(dtype=info.dtype, shape=info.shape, start=start, size_bytes=info.size_bytes)
    if infos and data_start + end > header.size:
        raise BrokenCheckpoint(
            f"{header.path} has {header.size:,} bytes where its header announces {data_start + end:,}.", _CUT_SHORT
        )
    return found
