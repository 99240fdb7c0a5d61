"""Random weights in the true shape of a DeepSeek Coder: as slow as the real ones, and here without a download."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from seekline import model
from seekline.learn.vocabulary import copy_vocabulary

REPOSITORY = Path(__file__).resolve().parent.parent
CACHE = REPOSITORY / ".bench" / "models"
SHAPES = {
    "tiny": (2, 128, 4, 2, 256),
    "0.3b": (12, 1024, 16, 16, 2816),
    "1.3b": (24, 2048, 16, 16, 5504),
    "5.7bmqa": (32, 4096, 32, 1, 11008),
    "6.7b": (32, 4096, 32, 32, 11008),
}
"""Layers, hidden size, heads, KV heads, intermediate size."""

VOCABULARY = 32256


def random_model(name: str, *, device: str = "cpu", cache: Path = CACHE) -> Path:
    """The folder of random bfloat16 weights in the shape `name`; made once, by `device`, which does not tell the same
    numbers as another. The tokenizer is the embedded model's."""
    folder = cache / name
    if not (folder / "config.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        save_file(dict(_tensors(*SHAPES[name], device=device)), folder / "model.safetensors", metadata={"format": "pt"})
        copy_vocabulary(model.embedded_folder(), folder)
        (folder / "config.json").write_text(json.dumps(_config(*SHAPES[name]), indent=1), "utf-8")
    return folder


def _config(layers: int, hidden: int, heads: int, kv_heads: int, intermediate: int) -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": VOCABULARY,
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "max_position_embeddings": 16384,
        "rms_norm_eps": 1e-6,
        "rope_theta": 100_000,
        "rope_scaling": {"type": "linear", "factor": 4.0},
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "torch_dtype": "bfloat16",
    }


def _tensors(layers: int, hidden: int, heads: int, kv_heads: int, intermediate: int, *, device: str):
    generator = torch.Generator(device).manual_seed(0)

    def random(*shape: int) -> torch.Tensor:
        return (torch.randn(*shape, generator=generator, device=device) * shape[-1] ** -0.5).bfloat16().cpu()

    kv_size = hidden // heads * kv_heads
    yield "model.embed_tokens.weight", random(VOCABULARY, hidden)
    yield "lm_head.weight", random(VOCABULARY, hidden)
    yield "model.norm.weight", torch.ones(hidden, dtype=torch.bfloat16)
    for layer in range(layers):
        head = f"model.layers.{layer}."
        for norm in ("input_layernorm", "post_attention_layernorm"):
            yield f"{head}{norm}.weight", torch.ones(hidden, dtype=torch.bfloat16)
        for name, size in (("q", hidden), ("k", kv_size), ("v", kv_size)):
            yield f"{head}self_attn.{name}_proj.weight", random(size, hidden)
        yield f"{head}self_attn.o_proj.weight", random(hidden, hidden)
        for name in ("gate", "up"):
            yield f"{head}mlp.{name}_proj.weight", random(intermediate, hidden)
        yield f"{head}mlp.down_proj.weight", random(hidden, intermediate)
