"""Random model files: whatever they say, they load or are one error of ours, in bounded time and memory."""

from __future__ import annotations

import gc
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from bounded_process import check_in_bounds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from quantized_models import save_quantized
from seekline import model
from seekline.model import ModelError

EXAMPLES = 1000
MOST_GROWTH_BYTES = 60_000_000
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
bounded = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    suppress_health_check=SLOW,
    deadline=None,
)

numbers = st.one_of(
    st.integers(-2, 70),
    st.sampled_from([1 << 31, (1 << 63) - 1, 1 << 64, -(1 << 63), 10**40, 10**90]),
    st.floats(),
)
texts = st.one_of(st.text(max_size=8), st.sampled_from(["", "llama", "\x00", "\ud800", "../x", "a" * 5000, "NaN"]))
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)
deep = st.integers(1, 500).map(lambda depth: "[" * depth + "]" * depth)


@st.composite
def changed(draw: st.DrawFn, original: dict[str, Any]) -> bytes:
    """A JSON file's content with one to three entries replaced, at any depth, and now and then its bytes spoiled."""
    found = json.loads(json.dumps(original))
    for _ in range(draw(st.integers(1, 3))):
        holder: Any = found
        for _ in range(4):
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(holder[key], (dict, list)) and draw(st.booleans()):
                holder = holder[key]
                continue
            holder[key] = draw(values)
            break
    content = json.dumps(found).encode()
    spoiled = draw(st.integers(0, 9))
    if spoiled == 0:
        return content[: draw(st.integers(0, len(content)))]
    if spoiled == 1:
        return draw(st.binary(max_size=64))
    if spoiled == 2:
        return draw(deep).encode()
    return content


@pytest.fixture(scope="module")
def folder(llama_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(llama_folder, tmp_path_factory.mktemp("fuzzed") / "model"))


def original(folder: Path, name: str) -> dict[str, Any]:
    return json.loads((folder / name).read_text("utf-8"))


def check(
    folder: Path, name: str, strategy: st.SearchStrategy[bytes], read: Callable[[Path], object], tail: bytes = b""
) -> None:
    """Reads the folder with many contents of one file: an answer or a `ModelError` each time, and no memory kept.

    `tail`: stands behind each content.
    """
    outcomes = {"read": 0, "refused": 0}
    path = folder / name
    before = path.read_bytes() if path.exists() else None

    @bounded
    @given(strategy)
    def run(content: bytes) -> None:
        path.write_bytes(content + tail)
        try:
            read(folder)
            outcomes["read"] += 1
        except ModelError as error:
            outcomes["refused"] += bool(error.problem and error.remedy)

    read_once = psutil.Process().memory_info().rss
    try:
        run()
    finally:
        path.unlink() if before is None else path.write_bytes(before)
    gc.collect()
    assert psutil.Process().memory_info().rss - read_once < MOST_GROWTH_BYTES
    assert sum(outcomes.values()) >= EXAMPLES
    assert outcomes["refused"] > EXAMPLES // 10


def test_configurations(folder: Path) -> None:
    check(folder, "config.json", changed(original(folder, "config.json")), model.inspect)


def test_quantization_configurations(tmp_path: Path) -> None:
    packed = save_quantized(tmp_path / "model", tmp_path / "twin", reordered=True)
    table = original(packed, "config.json")["quantization_config"]
    (packed / "config.json").write_text(json.dumps({**original(packed, "config.json"), "quantization_config": None}))
    check(packed, "quantize_config.json", changed({**table, "lm_head": False, "dynamic": {"a": {}}}), model.inspect)


def test_generation_configurations(folder: Path) -> None:
    check(folder, "generation_config.json", changed({"eos_token_id": [1, 2], "a": {"b": 1}}), model.inspect)


def test_indexes(folder: Path, tmp_path: Path) -> None:
    sharded = Path(shutil.copytree(folder, tmp_path / "sharded"))
    (sharded / "model.safetensors").rename(sharded / "a.safetensors")
    index = {"metadata": {"total_size": 1}, "weight_map": {"x": "a.safetensors", "y": "a.safetensors"}}
    check(sharded, "model.safetensors.index.json", changed(index), model.inspect)


def test_headers(folder: Path) -> None:
    content = (folder / "model.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])

    @st.composite
    def files(draw: st.DrawFn) -> bytes:
        written = draw(changed(header))
        said = len(written) if draw(st.integers(0, 4)) else draw(st.integers(0, (1 << 64) - 1))
        return said.to_bytes(8, "little") + written

    check(folder, "model.safetensors", files(), model.inspect, tail=content[8 + length :])


def small_tokenizer() -> dict[str, Any]:
    """Of the embedded model's form, with few tokens, so that many can be read."""
    found = json.loads((model.embedded_folder() / "tokenizer.json").read_text("utf-8"))
    letters = [word for word in found["model"]["vocab"] if len(word) == 1]
    vocabulary = {**{letter: number + 10 for number, letter in enumerate(letters)}, "ab": 300, "abc": 301}
    found["model"] |= {"vocab": vocabulary, "merges": [["a", "b"], ["ab", "c"]]}
    found["normalizer"] = {
        "type": "Sequence",
        "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
            {"type": "NFC"},
        ],
    }
    return found


def read_tokenizer(folder: Path) -> None:
    tokenizer = model.Tokenizer(folder)
    ids = tokenizer.encode_text("def abc(a):\n    return 'ä' " + " " * 100 + "a" * 100)
    tokenizer.decode(ids)
    assert len(ids) < 10_000


def fuzz_tokenizers(folder: Path) -> None:
    """In a process of its own: the library may end it."""
    check(folder, "tokenizer.json", changed(small_tokenizer()), read_tokenizer)


def test_tokenizers(tmp_path: Path) -> None:
    check_in_bounds(Path(__file__), "fuzz_tokenizers", tmp_path)


def test_tokenizer_configurations(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps(small_tokenizer()), "utf-8")
    config = {"bos_token": {"content": "<｜begin▁of▁sentence｜>"}, "add_bos_token": True, "model_max_length": 10**30}
    check(tmp_path, "tokenizer_config.json", changed(config), model.Tokenizer)
