"""The header of GGUF files: what the package gguf writes is read, and what lies is one clear error."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGML_QUANT_SIZES, GGUFReader
from gguf_models import BY_GGUF, write_gguf
from seekline.model import BrokenCheckpoint
from seekline.model.catalogue.gguf_file import BLOCKS, read_gguf_header

ENTRIES: dict[str, Any] = {
    "block_count": 3,
    "general.name": "ä model",
    "llama.rope.freq_base": 0.5,
    "tokenizer.ggml.add_bos_token": True,
    "tokenizer.ggml.tokens": ["a", "", "日本"],
    "tokenizer.ggml.token_type": [1, -2, 3],
    "tokenizer.ggml.scores": [0.5, -1.25],
}


def text(content: bytes) -> bytes:
    return struct.pack("<Q", len(content)) + content


def entry(key: bytes, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def info(name: bytes, shape: list[int], kind: int = 0, offset: int = 0) -> bytes:
    dimensions = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return text(name) + dimensions + struct.pack("<IQ", kind, offset)


def file_of(
    entries: list[bytes] | None = None,
    infos: list[bytes] | None = None,
    data: bytes = b"",
    *,
    version: int = 3,
    counts: tuple[int, int] | None = None,
) -> bytes:
    entries, infos = entries or [], infos or []
    tensors, metadata = counts or (len(infos), len(entries))
    header = b"GGUF" + struct.pack("<IQQ", version, tensors, metadata) + b"".join(entries + infos)
    return header + bytes(-len(header) % 32) + data


def test_what_the_package_writes(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    tensors = {f"{kind}.weight": (random.normal(size=(3, 64)).astype(np.float32), kind) for kind in BY_GGUF}
    tensors["norm.weight"] = np.ones(5, dtype=np.float32), "F32"
    path = write_gguf(tmp_path / "model.gguf", "llama", ENTRIES, tensors)
    header = read_gguf_header(path)
    wanted = {key if "." in key else f"llama.{key}": value for key, value in ENTRIES.items()}
    assert header.metadata == {"general.architecture": "llama", **wanted}
    content = path.read_bytes()
    for tensor in GGUFReader(path).tensors:
        found = header.tensors[tensor.name]
        assert found.dtype == tensor.tensor_type.name
        assert found.shape == tuple(tensor.shape.tolist()[::-1])
        assert content[found.start : found.start + found.size_bytes] == tensor.data.tobytes()
    assert header.parameters == 3 * 64 * len(BY_GGUF) + 5


def test_every_type_has_the_size_that_the_package_says() -> None:
    assert {int(kind): (kind.name, *size) for kind, size in GGML_QUANT_SIZES.items()} == BLOCKS


def test_the_second_version_and_other_alignments(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    alignment = entry(b"general.alignment", 4, struct.pack("<I", 8))
    path.write_bytes(file_of([alignment], [info(b"a", [2]), info(b"b", [2], offset=8)], bytes(16), version=2))
    assert [tensor.size_bytes for tensor in read_gguf_header(path).tensors.values()] == [8, 8]


def test_a_file_cut_short_anywhere(tmp_path: Path) -> None:
    values = np.zeros((2, 32), dtype=np.float32)
    whole = write_gguf(tmp_path / "whole.gguf", "llama", ENTRIES, {"a.weight": (values, "Q4_0")}).read_bytes()
    path = tmp_path / "model.gguf"
    end = read_gguf_header(tmp_path / "whole.gguf").tensors["a.weight"]
    for length in range(end.start + end.size_bytes):
        path.write_bytes(whole[:length])
        with pytest.raises(BrokenCheckpoint, match=r"model\.gguf"):
            read_gguf_header(path)


COUNT = struct.pack("<Q", 1 << 40)
HUGE = (1 << 64) - 1
FAULTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "does not begin with GGUF"),
    "another format": (b"ggjt" + bytes(100), "does not begin with GGUF"),
    "a pickle": (b"\x80\x02}q\x00." + bytes(100), "does not begin with GGUF"),
    "big endian": (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "big endian"),
    "the first version": (file_of(version=1), "version 1"),
    "a later version": (file_of(version=4), "version 4"),
    "tensors without end": (file_of(counts=(HUGE, 0)), "announces 18,446,744,073,709,551,615 tensors"),
    "entries without end": (file_of(counts=(0, HUGE)), "announces 18,446,744,073,709,551,615 entries"),
    "a long key": (file_of([COUNT]), "announces 1,099,511,627,776 bytes of a text"),
    "a long text": (file_of([entry(b"k", 8, COUNT)]), "announces 1,099,511,627,776 bytes of a text"),
    "no UTF-8": (file_of([entry(b"\xff", 4, bytes(4))]), "is not UTF-8"),
    "an unknown value": (file_of([entry(b"k", 13, bytes(8))]), "'k' has a value of the unknown type 13"),
    "a long list": (file_of([entry(b"k", 9, struct.pack("<IQ", 4, HUGE))]), "items of 'k'"),
    "a list of lists": (file_of([entry(b"k", 9, struct.pack("<IQ", 9, 1) * 1000)]), "is a list of lists"),
    "a list of nothing": (file_of([entry(b"k", 9, struct.pack("<IQ", 77, 1))]), "the unknown type 77"),
    "an entry twice": (file_of([entry(b"k", 4, bytes(4))] * 2), "has the entry 'k' twice"),
    "no alignment": (file_of([entry(b"general.alignment", 4, bytes(4))]), "alignment is 0"),
    "an odd alignment": (file_of([entry(b"general.alignment", 4, struct.pack("<I", 48))]), "alignment is 48"),
    "a text as alignment": (file_of([entry(b"general.alignment", 8, text(b"32"))]), "alignment is '32'"),
    "no dimensions": (file_of([], [info(b"t", [])], bytes(64)), "'t' has 0 dimensions"),
    "many dimensions": (file_of([], [info(b"t", [1] * 5)], bytes(64)), "'t' has 5 dimensions"),
    "an empty tensor": (file_of([], [info(b"t", [4, 0])], bytes(64)), "'t' of F32 has the shape"),
    "half a block": (file_of([], [info(b"t", [48, 2], 2)], bytes(64)), "'t' of Q4_0 has the shape"),
    "an unknown type": (file_of([], [info(b"t", [32], 5)], bytes(64)), "'t' has the unknown type 5"),
    "a size that overflows": (file_of([], [info(b"t", [1 << 62, 1 << 62])], bytes(64)), "its header announces"),
    "an offset that overflows": (file_of([], [info(b"t", [4], offset=HUGE - 31)], bytes(64)), "its header announces"),
    "beyond the file": (file_of([], [info(b"t", [32])], bytes(64)), "its header announces"),
    "misaligned": (file_of([], [info(b"t", [4], offset=4)], bytes(64)), "'t' does not begin at a multiple of 32"),
    "overlapping": (
        file_of([], [info(b"t", [16]), info(b"u", [4], offset=32)], bytes(64)),
        "'u' begins within 't'",
    ),
    "a tensor twice": (
        file_of([], [info(b"t", [4]), info(b"t", [4], offset=32)], bytes(64)),
        "has the tensor 't' twice",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_headers_that_lie(tmp_path: Path, fault: str) -> None:
    content, said = FAULTS[fault]
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(BrokenCheckpoint) as caught:
        read_gguf_header(path)
    assert said in caught.value.problem
    assert "model.gguf" in caught.value.problem
    assert "\n" not in caught.value.problem
    assert caught.value.remedy


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(BrokenCheckpoint, match="cannot be read"):
        read_gguf_header(tmp_path / "model.gguf")
    (tmp_path / "model.gguf").mkdir()
    with pytest.raises(BrokenCheckpoint, match=r"cannot be read|no regular file"):
        read_gguf_header(tmp_path / "model.gguf")
