"""Small random models of families that llama.cpp runs: a folder as transformers saves it, and the same as GGUF.

The folder is the reference. What a converter does to the weights is done here by hand, family by family.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from gguf_models import save_llama_gguf, vocabulary_entries, write_gguf
from tiny_models import VOCABULARY, add_tokenizer, save_llama

Weights = Mapping[str, np.ndarray]

_LAYERS = 27  # by which llama.cpp tells V2 Lite from V2
_EXPERTS = 4
_FFN = ("gate", "up", "down")
_COMMON = {"vocab_size": VOCABULARY, "hidden_size": 64, "bos_token_id": 0, "eos_token_id": 1, "initializer_range": 0.4}
_OUTER = {
    "lm_head": "output",
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "transformer.wte": "token_embd",
    "transformer.norm_f": "output_norm",
}


def llama(folder: Path, gguf: Path, **shape: Any) -> None:
    save_llama(folder, **shape)
    save_llama_gguf(folder, gguf)


def qwen2(folder: Path, gguf: Path) -> None:
    """Queries, keys and values have biases, and RoPE turns the halves of a head."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(
        **_COMMON,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        rope_parameters={"rope_type": "default", "rope_theta": 1_000_000.0},
    )
    _save(Qwen2ForCausalLM, config, folder)
    entries = {**_sizes(config), "attention.layer_norm_rms_epsilon": config.rms_norm_eps, "rope.freq_base": 1_000_000.0}
    names = {
        **{f"self_attn.{part}_proj": f"attn_{part}" for part in "qkv"},
        **{f"mlp.{part}_proj": f"ffn_{part}" for part in _FFN},
        "self_attn.o_proj": "attn_output",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
    }
    _write(gguf, "qwen2", folder, entries, {_named(name, names): values for name, values in _weights(folder).items()})


_NAMES_OF_MPT = {
    "norm_1": "attn_norm",
    "norm_2": "ffn_norm",
    "attn.Wqkv": "attn_qkv",
    "attn.out_proj": "attn_output",
    "ffn.up_proj": "ffn_up",
    "ffn.down_proj": "ffn_down",
}


def replit(folder: Path, gguf: Path) -> None:
    """Replit's: ALiBi instead of RoPE, two heads of keys and values for four of queries, layer norms without biases.

    transformers' MPT has as many of the ones as of the others, so there each stands twice.
    """
    from transformers import MptConfig, MptForCausalLM

    config = MptConfig(
        vocab_size=VOCABULARY,
        d_model=64,
        n_heads=4,
        n_layers=2,
        expansion_ratio=4,
        max_seq_len=512,
        initializer_range=0.4,
        attn_config={"alibi": True, "alibi_bias_max": 8},
    )
    _save(MptForCausalLM, config, folder, _share_heads)
    entries = {
        "block_count": 2,
        "context_length": 512,
        "embedding_length": 64,
        "feed_forward_length": 256,
        "attention.head_count": 4,
        "attention.head_count_kv": 2,
        "attention.layer_norm_epsilon": config.layer_norm_epsilon,
        "attention.max_alibi_bias": 8.0,
    }
    tensors: dict[str, np.ndarray] = {}
    for name, values in _weights(folder).items():
        if name.endswith("Wqkv.weight"):
            queries, keys_and_values = np.split(values, [64])
            once = keys_and_values.reshape(2, 2, 2, 16, 64)[:, :, 0].reshape(64, 64)
            values = np.concatenate([queries, once])
        tensors[_named(name, _NAMES_OF_MPT)] = values
    _write(gguf, "mpt", folder, entries, tensors)


def _share_heads(model: Any) -> None:
    """Gives each two neighbouring heads of an MPT of four the same keys and values."""
    import torch

    with torch.no_grad():
        for block in model.transformer.blocks:
            parts = block.attn.Wqkv.weight.view(3, 2, 2, 16, 64)
            parts[1:, :, 1] = parts[1:, :, 0]


_YARN = {
    "rope_type": "yarn",
    "rope_theta": 10_000.0,
    "factor": 8.0,
    "original_max_position_embeddings": 64,
    "beta_fast": 32.0,
    "beta_slow": 1.0,
    "mscale": 0.707,
    "mscale_all_dim": 0.707,
}


def deepseek_v2(folder: Path, gguf: Path) -> None:
    """V2 Lite's: latent attention, a mixture of experts behind one dense layer, YaRN; 27 layers."""
    from transformers import DeepseekV2Config, DeepseekV2ForCausalLM

    config = DeepseekV2Config(
        **{**_COMMON, "initializer_range": 0.15},  # with more, errors grow from layer to layer
        intermediate_size=96,
        moe_intermediate_size=32,
        num_hidden_layers=_LAYERS,
        num_attention_heads=4,
        num_key_value_heads=4,
        n_routed_experts=_EXPERTS,
        n_shared_experts=2,
        num_experts_per_tok=2,
        first_k_dense_replace=1,
        kv_lora_rank=32,
        q_lora_rank=None,
        qk_nope_head_dim=16,
        qk_rope_head_dim=16,
        v_head_dim=16,
        max_position_embeddings=512,
        rope_parameters=_YARN,
    )
    _save(DeepseekV2ForCausalLM, config, folder)
    _write(gguf, "deepseek2", folder, _entries_of_v2(config), _latent(_weights(folder)))


def _entries_of_v2(config: Any) -> dict[str, Any]:
    return {
        **_sizes(config),
        "attention.head_count_kv": 1,  # latent attention is computed as if all heads shared one
        "attention.layer_norm_rms_epsilon": config.rms_norm_eps,
        "attention.kv_lora_rank": 32,
        "attention.key_length": 48,
        "attention.value_length": 32,
        "attention.key_length_mla": 32,
        "attention.value_length_mla": 16,
        "leading_dense_block_count": 1,
        "expert_count": _EXPERTS,
        "expert_used_count": 2,
        "expert_shared_count": 2,
        "expert_feed_forward_length": 32,
        "expert_weights_scale": 1.0,
        "expert_weights_norm": False,
        "expert_gating_func": 1,
        "rope.dimension_count": 16,
        "rope.freq_base": 10_000.0,
        "rope.scaling.type": "yarn",
        "rope.scaling.factor": 8.0,
        "rope.scaling.original_context_length": 64,
        "rope.scaling.yarn_log_multiplier": 0.1 * 0.707,
    }


def _latent(weights: Weights) -> dict[str, np.ndarray]:
    """V2's weights by GGUF's names: keys and values unfold from a latent by matrices of their own, experts are
    stacked."""
    names = {
        **{f"mlp.{part}_proj": f"ffn_{part}" for part in _FFN},
        **{f"mlp.shared_experts.{part}_proj": f"ffn_{part}_shexp" for part in _FFN},
        "mlp.gate": "ffn_gate_inp",
        "self_attn.q_proj": "attn_q",
        "self_attn.kv_a_proj_with_mqa": "attn_kv_a_mqa",
        "self_attn.kv_a_layernorm": "attn_kv_a_norm",
        "self_attn.o_proj": "attn_output",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
    }
    found: dict[str, np.ndarray] = {}
    for name, values in weights.items():
        if "kv_b_proj" in name:
            layer = name.split(".")[2]
            keys, of_values = np.split(values.reshape(4, 32, 32), 2, axis=1)
            found[f"blk.{layer}.attn_k_b.weight"] = np.ascontiguousarray(keys.swapaxes(1, 2))
            found[f"blk.{layer}.attn_v_b.weight"] = np.ascontiguousarray(of_values)
        elif ".experts." not in name:
            found[_named(name, names)] = values
    for layer in range(1, _LAYERS):
        for part in _FFN:
            stem = f"model.layers.{layer}.mlp.experts"
            experts = [weights[f"{stem}.{expert}.{part}_proj.weight"] for expert in range(_EXPERTS)]
            found[f"blk.{layer}.ffn_{part}_exps.weight"] = np.stack(experts)
    return found


def _save(kind: Any, config: Any, folder: Path, change: Callable[[Any], None] = lambda _: None) -> None:
    import torch

    torch.manual_seed(0)
    made = kind(config)
    change(made)
    made.save_pretrained(folder)
    add_tokenizer(folder)


def _weights(folder: Path) -> dict[str, np.ndarray]:
    from safetensors.torch import load_file

    return {name: tensor.float().numpy() for name, tensor in load_file(folder / "model.safetensors").items()}


def _sizes(config: Any) -> dict[str, Any]:
    return {
        "block_count": config.num_hidden_layers,
        "context_length": config.max_position_embeddings,
        "embedding_length": config.hidden_size,
        "feed_forward_length": config.intermediate_size,
        "attention.head_count": config.num_attention_heads,
        "attention.head_count_kv": config.num_key_value_heads,
    }


def _named(name: str, names: Mapping[str, str]) -> str:
    """GGUF's name of a tensor. `names`: of what stands in a layer."""
    part, _, end = name.rpartition(".")
    if part in _OUTER:
        return f"{_OUTER[part]}.{end}"
    _, _, layer, inner = part.split(".", 3)
    return f"blk.{layer}.{names[inner]}.{end}"


def _write(
    gguf: Path, architecture: str, folder: Path, entries: Mapping[str, Any], tensors: Mapping[str, np.ndarray]
) -> None:
    vocabulary = vocabulary_entries(folder, VOCABULARY, pre="deepseek-coder")
    write_gguf(
        gguf,
        architecture,
        {f"{architecture}.{key}": value for key, value in {**entries, "vocab_size": VOCABULARY}.items()} | vocabulary,
        {name: (values, "F32") for name, values in tensors.items()},
    )


FAMILIES: Mapping[str, Callable[[Path, Path], None]] = {
    "llama": partial(llama, seed=1),
    "llama with grouped queries": partial(llama, num_key_value_heads=2),
    "llama with one head of keys": partial(llama, num_key_value_heads=1),
    "qwen2": qwen2,
    "replit": replit,
    "deepseek v2": deepseek_v2,
}
