"""Loads what a plan says: weights and tokenizer, ready to generate. No connection is ever opened here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING, Any

from .engine import Engine
from .errors import BrokenCheckpoint, ModelError, OutOfMemory, UnsupportedArchitecture
from .plan import Plan
from .tokenizer import Tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class LoadedModel:
    """A model in memory: the owner of its weights and its KV cache."""

    def __init__(self, plan: Plan, tokenizer: Tokenizer, engine: Engine) -> None:
        self.plan = plan
        self.tokenizer = tokenizer
        self.engine = engine


def load_model(plan: Plan, *, threads: int, report: Callable[[str], None] = lambda _: None) -> LoadedModel:
    """Loads the model of `plan`. `threads`: for computing on a CPU. `report` is told each step.

    Raises `BrokenCheckpoint`, `UnsupportedArchitecture` and `OutOfMemory`.
    """
    tokenizer = Tokenizer(plan.source.folder)
    report("starting torch")
    _forbid_network()
    import torch
    from transformers.utils import logging

    from .transformers_backend import TransformersBackend, is_out_of_memory

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(threads)
    report(f"loading {plan.source.name}")
    _check_architecture(plan)
    try:
        model = _load_weights(plan)
        backend = TransformersBackend(
            model, context_tokens=plan.checkpoint.context_tokens, vocabulary_size=tokenizer.size
        )
        backend.forward([0], Event())  # the first pass allocates, compiles and warms up, so that the user's need not
        backend.rewind(0)
    except ModelError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise OutOfMemory(
                f"{plan.source.name} does not fit on {plan.device.name}.",
                "Free memory, set quantization = nf4, or choose a smaller model.",
            ) from error
        raise BrokenCheckpoint(
            f"{plan.source.folder} could not be loaded: {type(error).__name__}: {error}",
            "Download the model again, or report this with the log.",
        ) from error
    return LoadedModel(plan, tokenizer, Engine(backend, chunk_tokens=_chunk_tokens(plan)))


def _chunk_tokens(plan: Plan) -> int:
    """How many tokens of a prompt are computed in one pass: fewer take longer in all, more are lost by a cancel."""
    return 256 if plan.device.kind == "cpu" else 512


def _load_weights(plan: Plan) -> PreTrainedModel:
    import torch
    from transformers import AutoModelForCausalLM

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
    return model if "device_map" in arguments else model.to(plan.device.name)  # pyright: ignore[reportArgumentType]


def _bitsandbytes_config(plan: Plan) -> Any:
    import torch
    from transformers import BitsAndBytesConfig

    if plan.quantization == "int8":
        # Outlier columns in 16 bits would cost a host synchronization for every layer.
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_threshold=0.0)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=getattr(torch, plan.dtype)
    )


def _check_architecture(plan: Plan) -> None:
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


def _forbid_network() -> None:
    """The folder is complete, so whatever a library would look up on the hub is not needed."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    if constants := sys.modules.get("huggingface_hub.constants"):
        vars(constants)["HF_HUB_OFFLINE"] = True
