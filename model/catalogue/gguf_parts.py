"""The files that one GGUF model is split into, and all that their headers say together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from .. import outside
from ..errors import BrokenCheckpoint, UnreadableFile
from .gguf_file import GgufHeader, read_gguf_header
from .tensor_file import Tensor

_PART = re.compile(r"(?P<name>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE)
_MAX_PARTS = 1000
_AGAIN = "Run the download again: it goes on where it stopped."


def first_parts(paths: Iterable[Path]) -> list[Path]:
    """Of GGUF files, those by which a model is named: of a split one the first."""
    found: list[Path] = []
    for path in paths:
        part = _PART.fullmatch(path.name)
        if part is None or int(part["number"]) == 1:
            found.append(path)
    return sorted(found)


def gguf_parts(path: Path) -> list[Path]:
    """The files of the model that `path` names: itself, or all that it is the first of.

    Raises `BrokenCheckpoint` where some are not there, or `path` is a later one.
    """
    part = _PART.fullmatch(path.name)
    if part is None:
        return [path]
    number, count = int(part["number"]), int(part["count"])
    if number != 1:
        raise BrokenCheckpoint(f"{path} is part {number} of a model of {count} files.", "Name the first of them.")
    if not 1 <= count <= _MAX_PARTS:
        raise BrokenCheckpoint(f"{path} says that it is one of {count} files.", "Download the model again.")
    names = [f"{part['name']}-{number:05}-of-{count:05}.gguf" for number in range(1, count + 1)]
    try:
        others = [outside.file_in(path.parent, name) for name in names[1:]]
    except UnreadableFile as error:
        raise BrokenCheckpoint(error.problem, _AGAIN) from error
    missing = [other.name for other in others if not other.is_file()]
    if missing:
        raise BrokenCheckpoint(
            f"{path.parent} lacks {len(missing)} of the {count} files of this model, {missing[0]} among them.", _AGAIN
        )
    return [path, *others]


def read_gguf_headers(parts: list[Path]) -> list[GgufHeader]:
    """The headers of all files of a model, which fit together. Raises `BrokenCheckpoint`."""
    headers = [read_gguf_header(part) for part in parts]
    for position, (path, header) in enumerate(zip(parts, headers, strict=True)):
        count, number = header.metadata.get("split.count", 1), header.metadata.get("split.no", 0)
        # What is not split says so by leaving it out, or by 0.
        if (count or 1) != len(parts) or number != position:
            raise BrokenCheckpoint(
                f"{path} says that it is file {_shown(number)} of {_shown(count)}, counted from 0, where it is file "
                f"{position} of {len(parts)}.",
                "Give all files of the model the names that they were published under.",
            )
    return headers


def all_tensors(parts: list[Path], headers: list[GgufHeader]) -> dict[str, Tensor]:
    """The tensors of all files. Raises `BrokenCheckpoint` where one is in two."""
    found: dict[str, Tensor] = {}
    for path, header in zip(parts, headers, strict=True):
        for name, tensor in header.tensors.items():
            if name in found:
                raise BrokenCheckpoint(
                    f"{path} has the tensor {name[:100]!r}, which another file of the model has.", _AGAIN
                )
            found[name] = tensor
    return found


def _shown(value: object) -> str:
    return repr(value)[:20]
