"""LoRA adapters as PEFT saves them, written by hand, and models with an adapter merged into their weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

ALL_LINEARS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def save_adapter(
    folder: Path, base: Path, *, rank: int = 8, targets: tuple[str, ...] = ALL_LINEARS, seed: int = 1, **config: Any
) -> Path:
    """A random adapter for the model in `base`, strong enough to change what it writes. `config` overrides what
    adapter_config.json says."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(seed)
    tensors: dict[str, torch.Tensor] = {}
    for name, weight in load_file(base / "model.safetensors").items():
        module = name.removesuffix(".weight")
        if module.split(".")[-1] in targets:
            outputs, inputs = weight.shape
            head = f"base_model.model.{module}"
            tensors[f"{head}.lora_A.weight"] = torch.randn(rank, inputs, generator=generator) * 0.3
            tensors[f"{head}.lora_B.weight"] = torch.randn(outputs, rank, generator=generator) * 0.1
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    write_config(folder, rank=rank, targets=targets, **config)
    return folder


def write_config(folder: Path, *, rank: int = 8, targets: tuple[str, ...] = ALL_LINEARS, **config: Any) -> None:
    table = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": None,
        "r": rank,
        "lora_alpha": 2 * rank,
        "lora_dropout": 0.05,
        "bias": "none",
        "fan_in_fan_out": False,
        "modules_to_save": None,
        "target_modules": sorted(targets),
        "use_rslora": False,
        "use_dora": False,
    }
    (folder / "adapter_config.json").write_text(json.dumps(table | config), "utf-8")


def save_merged(folder: Path, base: Path, adapter: Path, *, scale: float = 2.0) -> Path:
    """The model in `base` with every product of the adapter, all at one scale, added to its weights in float32."""
    shutil.copytree(base, folder)
    weights = load_file(base / "model.safetensors")
    added = load_file(adapter / "adapter_model.safetensors")
    for name in [name for name in added if name.endswith("lora_A.weight")]:
        module = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
        product = added[name.replace("lora_A", "lora_B")].float() @ added[name].float()
        weights[f"{module}.weight"] = weights[f"{module}.weight"].float() + scale * product
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder
