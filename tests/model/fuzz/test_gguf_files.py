"""Random GGUF files: whatever they say, they are read or are one error of ours, in bounded time and memory."""

from __future__ import annotations

import gc
import struct
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from bounded_process import check_in_bounds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from seekline import model
from seekline.model import ModelError
from seekline.model.backends.llama.gguf_tensors import GgufTensors

EXAMPLES = 1500
MOST_GROWTH_BYTES = 60_000_000
TOKENS = ["<s>", "</s>", *(chr(code) for code in range(0x21, 0x7F)), "Ġ", "Ċ", "ab", "abc", "<0x0A>", "▁"]
HIDDEN, INTERMEDIATE = 32, 32
F32, Q8_0 = 0, 8
MATRICES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
ENTRIES: dict[str, Any] = {
    "general.architecture": "llama",
    "llama.block_count": 1,
    "llama.context_length": 64,
    "llama.embedding_length": HIDDEN,
    "llama.feed_forward_length": INTERMEDIATE,
    "llama.attention.head_count": 2,
    "llama.attention.head_count_kv": 2,
    "llama.attention.layer_norm_rms_epsilon": 1e-5,
    "llama.rope.scaling.type": "linear",
    "llama.rope.scaling.factor": 4.0,
    "general.alignment": 32,
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "deepseek-coder",
    "tokenizer.ggml.tokens": TOKENS,
    "tokenizer.ggml.token_type": [3, 3, *[1] * (len(TOKENS) - 2)],
    "tokenizer.ggml.scores": [-float(id) for id in range(len(TOKENS))],
    "tokenizer.ggml.merges": ["a b", "ab c"],
    "tokenizer.ggml.bos_token_id": 0,
}

numbers = st.one_of(st.integers(-2, 70), st.sampled_from([1 << 31, (1 << 63) - 1, (1 << 64) - 1]), st.floats(width=32))
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.sampled_from(["", "llama", "gpt2", "\x00", "../x", "a" * 5000, "default", "tekken", "a b c"]),
)
values = st.one_of(st.booleans(), numbers, texts, st.lists(texts, max_size=8), st.lists(st.integers(-9, 9), max_size=8))
positions = st.floats(0, 1, exclude_max=True)


def text(value: str) -> bytes:
    content = value.encode()
    return struct.pack("<Q", len(content)) + content


def encoded(value: Any) -> tuple[int, bytes]:
    """The number of a value's type, and its bytes."""
    if isinstance(value, bool):
        return 7, bytes([value])
    if isinstance(value, int):
        return (10, struct.pack("<Q", value)) if value >= 0 else (11, struct.pack("<q", value))
    if isinstance(value, float):
        return 6, struct.pack("<f", value)
    if isinstance(value, str):
        return 8, text(value)
    items = [encoded(item) for item in value]
    kind = items[0][0] if items else 4
    return 9, struct.pack("<IQ", kind, len(items)) + b"".join(content for _, content in items)


def tensors() -> dict[str, tuple[int, list[int], int]]:
    """The type, dimensions and bytes of a Llama's tensors, by name."""
    found: dict[str, tuple[int, list[int], int]] = {
        "token_embd.weight": (Q8_0, [HIDDEN, len(TOKENS)], 34 * len(TOKENS))
    }
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        found[f"{name}.weight"] = F32, [HIDDEN], 4 * HIDDEN
    for name in MATRICES:
        found[f"blk.0.{name}.weight"] = Q8_0, [HIDDEN, INTERMEDIATE], 34 * INTERMEDIATE
    return found


def file_of(entries: dict[str, Any]) -> bytes:
    written, infos, data = b"", b"", b""
    for key, value in entries.items():
        kind, content = encoded(value)
        written += text(key) + struct.pack("<I", kind) + content
    random = np.random.default_rng(0)
    for name, (kind, shape, size) in tensors().items():
        infos += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, len(data))
        data += random.integers(0, 60, size, dtype=np.uint8).tobytes()
        data += bytes(-len(data) % 32)
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors()), len(entries)) + written + infos
    return header + bytes(-len(header) % 32) + data


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A small Llama's file with up to two entries replaced, and now and then bytes spoiled, left out or put in."""
    entries = dict(ENTRIES)
    for _ in range(draw(st.integers(0, 2))):
        key = draw(st.sampled_from(list(ENTRIES)))
        if draw(st.integers(0, 5)):
            entries[key] = draw(values)
        else:
            del entries[key]
            break
    content = bytearray(file_of(entries))
    spoiled = draw(st.integers(0, 7))
    at = int(draw(positions) * len(content))
    if spoiled == 0:
        return bytes(content[:at])
    if spoiled == 1:
        content[at:at] = draw(st.binary(max_size=16))
    elif spoiled == 2:
        del content[at : at + draw(st.integers(1, 64))]
    elif spoiled in (3, 4):
        content[at : at + 8] = struct.pack("<Q", draw(st.sampled_from([0, 1, 1 << 31, 1 << 40, (1 << 64) - 1])))
    elif spoiled == 5:
        content[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
    return bytes(content)


def read(path: Path) -> None:
    """All that loading the file would read of it."""
    tokenizer = model.Tokenizer(path)
    ids = tokenizer.encode_text("def abc(a):\n    return 'ä' " + " " * 100 + "a" * 100)
    tokenizer.decode(ids)
    assert len(ids) < 10_000
    llama = model.inspect(path).llama
    if llama is not None:
        with GgufTensors(path, llama, device="cpu", dtype=None) as tensors:
            for name, shape in llama.tensors():
                assert tensors.get(name).shape == shape


def fuzz(path: Path) -> None:
    """In a process of its own: the library of tokenizers may end it."""
    outcomes = {"read": 0, "refused": 0}

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
    @given(files())
    def run(content: bytes) -> None:
        path.write_bytes(content)
        try:
            read(path)
            outcomes["read"] += 1
        except ModelError as error:
            outcomes["refused"] += error.problem.isprintable() and bool(error.remedy)

    path.write_bytes(file_of(ENTRIES))
    read(path)
    read_once = psutil.Process().memory_info().rss
    run()
    gc.collect()
    assert psutil.Process().memory_info().rss - read_once < MOST_GROWTH_BYTES
    assert sum(outcomes.values()) >= EXAMPLES
    assert min(outcomes.values()) > EXAMPLES // 20, outcomes


def test_gguf_files(tmp_path: Path) -> None:
    check_in_bounds(Path(__file__), "fuzz", tmp_path / "model.gguf")
