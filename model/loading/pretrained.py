"""Loads a model by transformers: every architecture but Llama, and whatever bitsandbytes quantizes.

transformers fills what a file lacks with random numbers and passes over what it has too much of; here both are errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..catalogue.checkpoint import INDEX, WEIGHTS, is_weights_file, weight_files
from ..errors import BrokenCheckpoint, UnsupportedArchitecture
from .plan import Plan

if TYPE_CHECKING:
    from transformers import PreTrainedModel


_AGAIN = "Download the model again."
_ADAPTER = "adapter_config.json"
_OTHER_SHARDS = "shard-*-model-*-of-*.safetensors"


def load_pretrained(plan: Plan) -> PreTrainedModel:
    """The model of `plan`, on its device, ready to generate. Raises `BrokenCheckpoint` where its files lack a weight,
    have one of another shape or one too many, and `UnsupportedArchitecture`."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.utils import logging

    _check_files(plan)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    shared: dict[str, Any] = {"local_files_only": True, "trust_remote_code": plan.trusted}
    config = AutoConfig.from_pretrained(plan.source.folder, **shared)
    config.transformers_weights = _weights_name(plan.source.path)
    arguments: dict[str, Any] = {
        **shared,
        "config": config,
        "dtype": getattr(torch, plan.dtype),
        "use_safetensors": True,
        "output_loading_info": True,
        "ignore_mismatched_sizes": True,  # which are told here
    }
    if plan.quantization != "none":
        arguments["quantization_config"] = _bitsandbytes_config(plan)
    if plan.spread:
        arguments["device_map"] = "auto"
    elif plan.quantization != "none":
        arguments["device_map"] = {"": plan.device.name}
    loaded: Any = AutoModelForCausalLM.from_pretrained(plan.source.folder, **arguments)
    model, info = loaded
    _check_loaded(info, plan.source.path)
    model = model.eval()
    if "device_map" not in arguments:
        model = model.to(plan.device.name)
    _unmap(model)
    return model


def _weights_name(path: Path) -> str:
    """The file that has the weights, or the list of those that have: the one that was looked at, whatever config.json
    names."""
    files = weight_files(path)
    is_whole = is_weights_file(path) or files[0].name == WEIGHTS
    return files[0].name if is_whole else INDEX


def _check_files(plan: Plan) -> None:
    """Raises `UnsupportedArchitecture` where transformers would load other files than those that were looked at."""
    folder = plan.source.folder
    others = [path.name for path in (folder / _ADAPTER, *folder.glob(_OTHER_SHARDS)) if path.exists()]
    if others:
        raise UnsupportedArchitecture(
            f"{folder} has {others[0]} beside its weights, which Seekline does not load.",
            "Take the file away, or put the weights and config.json into a folder of their own.",
        )


def _check_loaded(info: Mapping[str, Any], path: Path) -> None:
    """Raises `BrokenCheckpoint`, which names the first weight that is wrong. `info`: what transformers found."""
    mismatched = [f"{name[:200]!r} in another shape" for name, *_ in sorted(info["mismatched_keys"])]
    missing = [f"no {name[:200]!r}" for name in sorted(info["missing_keys"])]
    unexpected = [f"{name[:200]!r}, which its architecture lacks," for name in sorted(info["unexpected_keys"])]
    wrong = [*missing, *mismatched, *unexpected]
    if not wrong:
        return
    others = f" and {len(wrong) - 1} more that are wrong" if len(wrong) > 1 else ""
    raise BrokenCheckpoint(f"The weights in {path} have {wrong[0]}{others}.", _AGAIN)


def _unmap(model: PreTrainedModel) -> None:
    """Copies the weights that are still the file's pages: what is written to it later would change them, and end the
    process where it is cut short."""
    from torch.nn import Parameter

    for parameter in model.parameters():
        if parameter.device.type == "cpu" and type(parameter) is Parameter:
            parameter.data = parameter.data.clone()


def _bitsandbytes_config(plan: Plan) -> Any:
    import torch
    from transformers import BitsAndBytesConfig

    if plan.quantization == "int8":
        # Outlier columns in 16 bits would cost a host synchronization for every layer.
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_threshold=0.0)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=getattr(torch, plan.dtype)
    )


def check_architecture(plan: Plan) -> None:
    """Raises `UnsupportedArchitecture` for what transformers cannot run without the model's own code."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    model_type, name = plan.checkpoint.model_type, plan.source.name
    if plan.trusted and plan.checkpoint.has_own_code:
        return
    if model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        return
    if plan.checkpoint.has_own_code:
        raise UnsupportedArchitecture(
            f"{name} brings its own code, which Seekline does not run unasked.",
            f"Read that code; to run it, set trust_remote_code = [{name!r}] in your own settings.",
        )
    raise UnsupportedArchitecture(
        f"{name} has the architecture {model_type or '(none given)'!r}, which transformers does not know.",
        "Choose another model, or a newer transformers.",
    )
