"""A model's folder as a GGUF file, so that two programs read the same bytes: weights in one of the types that the gguf
package quantizes, the vocabulary of the folder's tokenizer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from gguf import MODEL_ARCH, GGMLQuantizationType, GGUFWriter, RopeScalingType, TokenType, get_tensor_name_map
from gguf.quants import quantize

WEIGHT = ".weight"
SPLITS_AS = "deepseek-coder"
"""The pre-tokenizer that is named: prompts of benchmarks are ids, which need none."""


def gguf_of(folder: Path, kind: str) -> Path:
    """The file beside the folder's own, made once. `kind`: f16, q4_0, q4_1, q5_0, q5_1, q8_0."""
    path = folder / f"{kind}.gguf"
    if not path.exists():
        part = path.with_suffix(".part")
        write(folder, part, GGMLQuantizationType[kind.upper()])
        part.rename(path)
    return path


def write(folder: Path, path: Path, kind: GGMLQuantizationType) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    writer = GGUFWriter(path, "llama")
    _add_sizes(writer, config)
    _add_vocabulary(writer, folder, config["vocab_size"])
    names = get_tensor_name_map(MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    for name, weight in _tensors(folder / "model.safetensors"):
        values = weight
        for part, count in (("q_proj", heads), ("k_proj", kv_heads)):
            if part in name:  # GGUF's Llamas turn neighbouring pairs, transformers' two halves
                values = weight.reshape(count, 2, -1, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)
        of_file = None if weight.ndim == 1 else kind
        data = values if of_file is None else quantize(values, of_file)
        writer.add_tensor(f"{names.get_name(name, try_suffixes=(WEIGHT,))}", data, raw_dtype=of_file)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_sizes(writer: GGUFWriter, config: dict[str, Any]) -> None:
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    rope = config.get("rope_parameters") or {"rope_theta": config["rope_theta"], **config["rope_scaling"]}
    writer.add_rope_freq_base(rope["rope_theta"])
    if "factor" in rope:
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])


def _add_vocabulary(writer: GGUFWriter, folder: Path, size: int) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    tokens = [f"[PAD{id}]" for id in range(size)]
    kinds = [TokenType.UNUSED] * size
    for token, id in tokenizer["model"]["vocab"].items():
        tokens[id], kinds[id] = token, TokenType.NORMAL
    for added in tokenizer["added_tokens"]:
        tokens[added["id"]], kinds[added["id"]] = added["content"], TokenType.CONTROL
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]
    writer.add_vocab_size(size)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(SPLITS_AS)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_add_bos_token(False)


def _tensors(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Name and values, in float32, of all tensors; numpy knows no bfloat16, so its bits are moved by hand."""
    with path.open("rb") as file:
        start = 8 + int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(start - 8))
        header.pop("__metadata__", None)
        for name, entry in header.items():
            first, end = entry["data_offsets"]
            file.seek(start + first)
            halves = np.frombuffer(file.read(end - first), dtype=np.uint16)
            yield name, (halves.astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])
