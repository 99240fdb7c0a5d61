"""GGUF files for tests: any entries and tensors, or a tiny Llama's folder in each of ggml's types by real quantizers.

`write_gguf` and `save_llama_gguf` need the package gguf; Q2_K to Q6_K, which that does not write, come from ggml's own
library within xllamacpp. What is missing skips the test, with the reason.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, TokenType
from gguf.quants import dequantize, quantize
from seekline import model

BY_GGUF = ("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0")
BY_GGML = ("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K")
TYPES = BY_GGUF + BY_GGML
"""Every type that our own forward pass reads."""

_IN_A_LAYER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_OUTER = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def quantized(values: np.ndarray, kind: str) -> np.ndarray:
    """The bytes of a matrix in ggml's type `kind`, shape (rows, bytes); in F32 and F16 the numbers themselves."""
    number = GGMLQuantizationType[kind]
    if kind in BY_GGUF:
        return quantize(values, number)
    rows = np.ascontiguousarray(values, dtype=np.float32)
    made = np.zeros(_ggml().ggml_row_size(number, rows.shape[1]) * len(rows), dtype=np.uint8)
    pointers = (ctypes.c_void_p(rows.ctypes.data), ctypes.c_void_p(made.ctypes.data))
    _ggml().ggml_quantize_chunk(int(number), *pointers, 0, len(rows), rows.shape[1], None)
    return made.reshape(len(rows), -1)


def _ggml() -> ctypes.CDLL:
    """llama.cpp's library of tensors. It is read as a library: no code of the package runs."""
    spec = find_spec("xllamacpp")
    if spec is None or spec.origin is None:
        pytest.skip("xllamacpp is not installed, whose library quantizes Q2_K to Q6_K")
    folder = Path(spec.origin).parent
    library = ctypes.CDLL(str(next(path for end in ("so", "pyd") for path in folder.glob(f"xllamacpp*.{end}"))))
    library.ggml_row_size.restype = ctypes.c_size_t
    library.ggml_row_size.argtypes = [ctypes.c_int, ctypes.c_int64]
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_quantize_chunk.argtypes = [
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_void_p,
        *[ctypes.c_int64] * 3,
        ctypes.c_void_p,
    ]
    return library


def write_gguf(
    path: Path,
    architecture: str,
    metadata: Mapping[str, Any],
    tensors: Mapping[str, tuple[np.ndarray, str]],
    *,
    tensors_a_file: int = 0,
) -> Path:
    """A GGUF file of these entries, and of these tensors: values in floating point and the type that they get.

    A key without a dot belongs to the architecture: `block_count`. Whole numbers are written as uint32, lists by their
    first item. `tensors_a_file`: at most so many, if not all; what is returned is then the first file.
    """
    writer = GGUFWriter(path, architecture, split_max_tensors=tensors_a_file)
    for key, value in metadata.items():
        _add(writer, key if "." in key else f"{architecture}.{key}", value)
    for name, (values, kind) in tensors.items():
        data = quantized(values, kind)
        writer.add_tensor(name, data, raw_dtype=GGMLQuantizationType[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path if path.exists() else min(path.parent.glob(f"{path.stem}-00001-of-*.gguf"))


def _add(writer: GGUFWriter, key: str, value: Any) -> None:
    kinds = {bool: GGUFValueType.BOOL, float: GGUFValueType.FLOAT32, str: GGUFValueType.STRING}
    if isinstance(value, list):
        writer.add_array(key, value)
    else:
        writer.add_key_value(key, value, kinds.get(type(value), GGUFValueType.UINT32))


def save_llama_gguf(
    folder: Path,
    path: Path,
    kind: str | Callable[[str], str] = "F32",
    *,
    pre: str = "default",
    metadata: Mapping[str, Any] | None = None,
    change: Callable[[dict[str, tuple[np.ndarray, str]]], None] = lambda _: None,
    tensors_a_file: int = 0,
) -> Path:
    """The Llama of a folder of safetensors, with its tokenizer, as llama.cpp's converter writes it.

    `kind`: the type of its matrices, or what says it by GGUF's name for one. `pre`: how its texts are split.
    `metadata`: other entries, or others for these; None takes one away. `change`: does so with the tensors.
    """
    config = json.loads((folder / "config.json").read_text("utf-8"))
    metadata = metadata or {}
    entries = llama_entries(config)
    if "tokenizer.ggml.tokens" not in metadata:
        entries |= vocabulary_entries(folder, config["vocab_size"], pre=pre)
    entries |= metadata
    tensors: dict[str, tuple[np.ndarray, str]] = {}
    for name, values in llama_tensors(folder, config).items():
        kind_of_it = kind if isinstance(kind, str) else kind(name)
        tensors[name] = values, "F32" if values.ndim == 1 else kind_of_it
    change(tensors)
    kept = {key: value for key, value in entries.items() if value is not None}
    return write_gguf(path, "llama", kept, tensors, tensors_a_file=tensors_a_file)


def llama_entries(config: Mapping[str, Any]) -> dict[str, Any]:
    """GGUF's entries for the sizes in a Llama's config.json."""
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    entries = {
        "block_count": config["num_hidden_layers"],
        "context_length": config["max_position_embeddings"],
        "embedding_length": config["hidden_size"],
        "feed_forward_length": config["intermediate_size"],
        "attention.head_count": config["num_attention_heads"],
        "attention.head_count_kv": config["num_key_value_heads"],
        "attention.layer_norm_rms_epsilon": config["rms_norm_eps"],
        "rope.freq_base": float(rope.get("rope_theta") or config.get("rope_theta") or 10_000.0),
        "vocab_size": config["vocab_size"],
    }
    if config.get("head_dim"):
        entries |= {"attention.key_length": config["head_dim"], "attention.value_length": config["head_dim"]}
    if "factor" in rope:
        entries |= {"rope.scaling.type": "linear", "rope.scaling.factor": float(rope["factor"])}
    return {f"llama.{key}": value for key, value in entries.items()}


def vocabulary_entries(folder: Path, size: int, *, pre: str) -> dict[str, Any]:
    """GGUF's entries for a folder's byte-level tokenizer, filled up to `size` tokens."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    tokens = [f"[PAD{id}]" for id in range(size)]
    kinds = [int(TokenType.UNUSED)] * size
    for token, id in tokenizer["model"]["vocab"].items():
        tokens[id], kinds[id] = token, int(TokenType.NORMAL)
    for added in tokenizer["added_tokens"]:
        kind = TokenType.CONTROL if added["special"] else TokenType.USER_DEFINED
        tokens[added["id"]], kinds[added["id"]] = added["content"], int(kind)
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]
    begin, end = (_id_of(tokens, text) for text in ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"))
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": pre,
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.bos_token_id": begin,
        "tokenizer.ggml.eos_token_id": end,
        "tokenizer.ggml.add_bos_token": True,
    }


def _id_of(tokens: list[str], text: str) -> int:
    return tokens.index(text) if text in tokens else 0


def llama_tensors(folder: Path, config: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The weights of a folder by GGUF's names, float32, with the rows of queries and keys in GGUF's order."""
    from safetensors.torch import load_file

    heads = {"self_attn.q_proj": config["num_attention_heads"], "self_attn.k_proj": config["num_key_value_heads"]}
    found: dict[str, np.ndarray] = {}
    for name, tensor in load_file(folder / "model.safetensors").items():
        if name == "lm_head.weight" and config.get("tie_word_embeddings"):
            continue
        values = tensor.float().numpy()
        part = name.removesuffix(".weight")
        if part in _OUTER:
            found[f"{_OUTER[part]}.weight"] = values
            continue
        _, _, layer, part = part.split(".", 3)
        if part in heads:
            # RoPE turns neighbouring rows of a head in GGUF, its two halves in transformers.
            halves = values.reshape(heads[part], 2, -1, values.shape[1])
            values = np.ascontiguousarray(halves.swapaxes(1, 2).reshape(values.shape))
        found[f"blk.{layer}.{_IN_A_LAYER[part]}.weight"] = values
    return found


def save_dequantized(folder: Path, gguf: Path, copy: Path) -> Path:
    """A copy of a Llama's folder whose weights, in float32, are what the package gguf reads from a file of them."""
    import torch
    from safetensors.torch import save_file

    config = json.loads((folder / "config.json").read_text("utf-8"))
    names = {gguf_name: name for name, gguf_name in _names(config["num_hidden_layers"]).items()}
    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    weights: dict[str, torch.Tensor] = {}
    for tensor in GGUFReader(gguf).tensors:
        values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        part = tensor.name.split(".")[-2]
        if part in heads:
            pairs = values.reshape(heads[part], -1, 2, values.shape[1])
            values = pairs.swapaxes(1, 2).reshape(values.shape)
        weights[names[tensor.name]] = torch.from_numpy(np.array(values, order="C"))
    copy.mkdir()
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    config |= {"dtype": "float32", "tie_word_embeddings": "lm_head.weight" not in weights}
    (copy / "config.json").write_text(json.dumps(config), "utf-8")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (copy / name).write_bytes((model.embedded_folder() / name).read_bytes())
    return copy


def _names(layers: int) -> dict[str, str]:
    """GGUF's names of a Llama's tensors, by transformers'."""
    found = {f"{name}.weight": f"{outer}.weight" for name, outer in _OUTER.items()}
    for layer in range(layers):
        for name, part in _IN_A_LAYER.items():
            found[f"model.layers.{layer}.{name}.weight"] = f"blk.{layer}.{part}.weight"
    return found
