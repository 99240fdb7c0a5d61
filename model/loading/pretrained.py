"""Loads a model by transformers: every architecture but Llama, and whatever bitsandbytes quantizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import UnsupportedArchitecture
from .plan import Plan

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def load_pretrained(plan: Plan) -> PreTrainedModel:
    """The model of `plan`, on its device, ready to generate."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    arguments: dict[str, Any] = {
        "dtype": getattr(torch, plan.dtype),
        "use_safetensors": True,
        "local_files_only": True,
        "trust_remote_code": plan.trusted,
    }
    if plan.quantization != "none":
        arguments["quantization_config"] = _bitsandbytes_config(plan)
    if plan.spread:
        arguments["device_map"] = "auto"
    elif plan.quantization != "none":
        arguments["device_map"] = {"": plan.device.name}
    model = AutoModelForCausalLM.from_pretrained(plan.source.folder, **arguments).eval()
    if "device_map" not in arguments:
        model = model.to(plan.device.name)  # pyright: ignore[reportArgumentType]
    _unmap(model)
    return model


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
