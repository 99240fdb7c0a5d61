"""llama.cpp over the same weights, as a peer to measure: a GGUF file of a checkpoint, and a process that answers.

It needs `pip install llama-cpp-python gguf`, in any environment: `--llama-cpp PYTHON` names its interpreter, in which
this file is run. Lines of JSON go in, `{"ids": [...], "new": N}`; out come the milliseconds to the last of N tokens.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

WEIGHT = ".weight"


class LlamaCpp:
    """A llama.cpp with one model. It keeps the common prefix of the last prompt, as llama-cpp-python does."""

    def __init__(self, python: Path, folder: Path, threads: int, context_tokens: int) -> None:
        command = [str(python), __file__, str(folder), str(threads), str(context_tokens)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("llama.cpp ended; its message stands above.")
        return json.loads(line)

    def generate(self, ids: Sequence[int], new_tokens: int) -> float:
        """Milliseconds until the last of `new_tokens` is there."""
        assert self._process.stdin is not None
        print(json.dumps({"ids": list(ids), "new": new_tokens}), file=self._process.stdin, flush=True)
        return self._read()["ms"]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


def to_gguf(folder: Path, path: Path) -> None:
    """The checkpoint in `folder` as q4_0, without a vocabulary: prompts are ids."""
    import gguf  # pyright: ignore[reportMissingImports]

    config = json.loads((folder / "config.json").read_text("utf-8"))
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    rope = config.get("rope_parameters") or {"rope_theta": config["rope_theta"], **config["rope_scaling"]}
    writer.add_rope_freq_base(rope["rope_theta"])
    if "factor" in rope:
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_tokenizer_model("no_vocab")
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    for name, weight in _tensors(folder / "model.safetensors"):
        values = weight
        for part, count in (("q_proj", heads), ("k_proj", kv_heads)):
            if part in name:  # llama.cpp turns neighbouring pairs, Llama's checkpoints two halves
                values = weight.reshape(count, 2, -1, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)
        kind = None if weight.ndim == 1 else gguf.GGMLQuantizationType.Q4_0
        data = values if kind is None else gguf.quants.quantize(values, kind)
        writer.add_tensor(f"{names.get_name(name, try_suffixes=(WEIGHT,))}", data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _tensors(path: Path) -> Iterator[tuple[str, Any]]:
    """Name and values, in float32, of all tensors; numpy knows no bfloat16, so its bits are moved by hand."""
    import numpy

    with path.open("rb") as file:
        start = 8 + int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(start - 8))
        header.pop("__metadata__", None)
        for name, entry in header.items():
            first, end = entry["data_offsets"]
            file.seek(start + first)
            halves = numpy.frombuffer(file.read(end - first), dtype=numpy.uint16)
            yield name, (halves.astype(numpy.uint32) << 16).view(numpy.float32).reshape(entry["shape"])


def main() -> None:
    from llama_cpp import Llama  # pyright: ignore[reportMissingImports]

    folder, threads, context_tokens = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    path = folder / "q4_0.gguf"
    if not path.exists():
        to_gguf(folder, path)
    llama = Llama(model_path=str(path), n_ctx=context_tokens, n_threads=threads, n_threads_batch=threads, verbose=False)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        started = perf_counter()
        tokens = llama.generate(asked["ids"], temp=0.0, top_k=1)
        for _ in range(asked["new"]):
            next(tokens)
        print(json.dumps({"ms": 1000 * (perf_counter() - started)}), flush=True)


if __name__ == "__main__":
    main()
