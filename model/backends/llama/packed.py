"""Quantized weights as one file, to carry to another machine and into the cache there. Knows no torch.

Such a file is one of the cache's, but says what it was made from by what stands in the model's files, not by where they
lie. It has the matrices only; what describes the model, and the tensors that stay as they are, come from the model.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ... import outside
from ...catalogue.checkpoint import weight_files
from ...catalogue.tensor_file import MAX_HEADER_BYTES, read_header
from ...errors import BrokenCheckpoint, ModelError
from .kept import FORMAT, delete_kept

_ORIGIN, _METADATA, _LENGTH_BYTES = "made_from", "__metadata__", 8
_KIND = "packed"
_SAMPLES, _SAMPLE_BYTES = 64, 65_536
_COPIED_BYTES = 16_000_000


def write_packed(kept: Path, model: Path, settings: Mapping[str, object], to: Path) -> None:
    """Writes what the cache keeps of `model`, quantized with `settings`, to the file `to`, whole or not at all.

    Raises `BrokenCheckpoint` where `kept` is no such file, and OSError where `to` cannot be written.
    """
    _copy_with_origin(kept, _packed_from(model, settings), to)


def read_packed(packed: Path, model: Path, settings: Mapping[str, object], to: Path, origin: str) -> None:
    """Puts a packed file where the cache keeps the same weights, `to`, with the cache's own `origin`.

    Its content is compared with its checksums when it is loaded. Raises `BrokenCheckpoint` where it is of other
    weights, quantized otherwise, or by another version, and OSError where `to` cannot be written.
    """
    said = read_header(packed).metadata.get(_ORIGIN, "")
    if said != _packed_from(model, settings):
        raise BrokenCheckpoint(
            f"{packed} {_difference(said, model, settings)}.",
            "Pack the model again with `seekline models pack`, or set packed_model = none.",
        )
    to.parent.mkdir(parents=True, exist_ok=True)
    _copy_with_origin(packed, origin, to)


def _packed_from(model: Path, settings: Mapping[str, object]) -> str:
    """What tells weights from all others, wherever they lie."""
    return json.dumps([_KIND, FORMAT, [_content(path) for path in weight_files(model)], dict(settings)], sort_keys=True)


def _content(path: Path) -> list[str | int]:
    """A file's size, and a hash of its begin and of pieces all over it: all of it would take as long as to quantize."""
    size = path.stat().st_size
    seen = hashlib.sha256()
    with outside.open_file(path) as file:
        for number in range(_SAMPLES):
            file.seek(number * size // _SAMPLES)
            seen.update(file.read(_SAMPLE_BYTES))
    return [size, seen.hexdigest()]


def _difference(said: str, model: Path, settings: Mapping[str, object]) -> str:
    """What is wrong with a packed file, as the end of a sentence."""
    try:
        kind, version, content, quantized = outside.parse_json(said.encode(), name=model)
    except (ModelError, ValueError, TypeError):
        return "is no packed model"
    if kind != _KIND:
        return "is no packed model"
    if version != FORMAT:
        return "was packed by another version of Seekline"
    if content != [_content(path) for path in weight_files(model)]:
        return f"was packed from other weights than those of {model}"
    return f"is quantized with {quantized}, where {dict(settings)} is wanted"


def _copy_with_origin(source: Path, origin: str, to: Path) -> None:
    """A copy of a safetensors file that says another origin; its tensors stay byte for byte."""
    read_header(source)  # which believes nothing that does not agree with the file's size
    beside = to.with_name(f".{to.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        with outside.open_file(source) as read, beside.open("xb") as written:
            table = _table(read)
            table[_METADATA] = {**table.get(_METADATA, {}), _ORIGIN: origin}
            header = json.dumps(table).encode()
            header += b" " * (-len(header) % 8)  # as the format has it, for what reads the tensors in place
            written.write(len(header).to_bytes(_LENGTH_BYTES, "little"))
            written.write(header)
            shutil.copyfileobj(read, written, _COPIED_BYTES)
        beside.replace(to)
    except BaseException:
        delete_kept(beside)
        raise


def _table(file: BinaryIO) -> dict[str, Any]:
    """The header of a safetensors file, after which the file is at its first tensor."""
    length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
    table = json.loads(file.read(min(length, MAX_HEADER_BYTES)))
    assert isinstance(table, dict), "looked at before"
    return table
