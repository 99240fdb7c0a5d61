"""Small random models of DeepSeek Coder's architecture, saved as a download would be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from threading import Event
from typing import Any

from seekline import model

VOCABULARY = 4096
IDS = [0, *range(10, 90)]


def save_llama(folder: Path, *, seed: int = 0, **shape: Any) -> Path:
    """A random Llama with the embedded model's tokenizer; `shape` overrides its configuration."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        **{
            "vocab_size": VOCABULARY,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 4,
            "max_position_embeddings": 512,
            "rope_parameters": {"rope_type": "linear", "rope_theta": 100_000.0, "factor": 4.0},
            "bos_token_id": 0,
            "eos_token_id": 1,
            "initializer_range": 0.4,  # so that the likeliest token is far ahead of the next
            **shape,
        }
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    add_tokenizer(folder)
    return folder


def save_v2_lite(folder: Path, *, seed: int = 0) -> Path:
    """A random model of DeepSeek Coder V2 Lite's architecture: latent attention, mixture of experts."""
    import torch
    from transformers import DeepseekV2Config, DeepseekV2ForCausalLM

    torch.manual_seed(seed)
    config = DeepseekV2Config(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=128,
        moe_intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        n_routed_experts=4,
        n_shared_experts=1,
        num_experts_per_tok=2,
        first_k_dense_replace=1,
        kv_lora_rank=16,
        q_lora_rank=None,
        qk_nope_head_dim=16,
        qk_rope_head_dim=8,
        v_head_dim=16,
        max_position_embeddings=512,
        bos_token_id=0,
        eos_token_id=1,
        initializer_range=0.4,
    )
    DeepseekV2ForCausalLM(config).save_pretrained(folder)
    add_tokenizer(folder)
    return folder


def with_noise(folder: Path, copy: Path, noise: float) -> Path:
    """A copy of a model whose matrices are a little off, or, with a noise of 1, quite others."""
    import torch
    from safetensors.torch import load_file, save_file

    shutil.copytree(folder, copy)
    weights = load_file(copy / "model.safetensors")
    torch.manual_seed(7)
    off = {name: weight + noise * weight.std() * torch.randn_like(weight) for name, weight in weights.items()}
    save_file(weights if not noise else off, copy / "model.safetensors", metadata={"format": "pt"})
    return copy


def add_own_code(folder: Path) -> Path:
    """Makes it a model that only its own Python knows, which leaves a trace when it runs; returns where."""
    auto_map = {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnModel"}
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config |= {"model_type": "own", "auto_map": auto_map, "architectures": ["OwnModel"]}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    (folder / "own.py").write_text(
        "from pathlib import Path\n"
        "from transformers import LlamaConfig, LlamaForCausalLM\n"
        f"Path({str(folder / 'ran')!r}).touch()\n"
        "class OwnConfig(LlamaConfig):\n    model_type = 'own'\n"
        "class OwnModel(LlamaForCausalLM):\n    config_class = OwnConfig\n",
        "utf-8",
    )
    return folder / "ran"


def add_tokenizer(folder: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(model.embedded_folder() / name, folder / name)


def load(folder: Path, **wanted: Any) -> model.LoadedModel:
    """The model in `folder` on the CPU, in float32 unless told otherwise."""
    plan = model.make_plan(
        model.ModelRequest(**{"model": str(folder), "device": "cpu", "dtype": "float32", **wanted}), base=folder
    )
    return model.load_model(plan, threads=1)


def generate(loaded: model.LoadedModel, count: int = 8) -> list[int]:
    return list(loaded.engine.generate(IDS, max_new_tokens=count, cancel=Event()))


def check_incremental(loaded: model.LoadedModel, *, tolerance: float) -> None:
    """Each token is the likeliest where all of the sequence is computed at once, up to a part of the logits' spread."""
    backend: Any = loaded.engine._backend
    written = generate(loaded)
    for count, token in enumerate(written):
        ids = IDS + written[:count]
        logits = backend.forward(ids, backend.new_kv(len(ids)), Event())[-1]
        assert logits[token] >= logits.max() - tolerance * logits.std(), "not what the whole sequence at once says"
