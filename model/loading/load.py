"""Loads what a plan says: weights and tokenizer, ready to generate. No connection is ever opened here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING, Any

import platformdirs

from ..backends.interface import Backend
from ..decoding.draft_length import DraftLength
from ..decoding.draft_model import DraftModel
from ..decoding.engine_core import EngineCore
from ..decoding.logits import check_useful
from ..decoding.vocabulary_index import VocabularyIndex
from ..errors import BrokenCheckpoint, ModelError, OutOfMemory, UnsupportedArchitecture
from ..tokenizer import Tokenizer
from .plan import Plan
from .sizes import Quantization

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from ..backends.llama.model_loader import Bits


_BITS: dict[Quantization, Bits] = {"none": None, "int8": 8, "int4": 4}
_DRAFT_LENGTHS = (1, 3, 7)
_PASSED_TOKENS = 8
_WARM_TOKENS = 32
_PROMPT_TOKENS = 64


class LoadedModel:
    """A model in memory: the owner of its weights and its KV cache."""

    def __init__(self, plan: Plan, tokenizer: Tokenizer, engine: EngineCore[Any]) -> None:
        self.plan = plan
        self.tokenizer = tokenizer
        self.engine = engine

    @cached_property
    def vocabulary_index(self) -> VocabularyIndex:
        """What guides look tokens up in; made when the first one asks."""
        return VocabularyIndex.of(self.tokenizer)


def load_model(
    plan: Plan, *, threads: int, report: Callable[[str], None] = lambda _: None, cache: Path | None = None
) -> LoadedModel:
    """Loads the model of `plan`. `threads`: for computing on a CPU, at the most. `report` is told each step. `cache`:
    the folder for quantized weights.

    Raises `BrokenCheckpoint`, `UnsupportedArchitecture` and `OutOfMemory`.
    """
    # The draft model first: it is the large model's measurements that torch shall be left with.
    plans = [plan] if plan.draft is None else [plan.draft, plan]
    tokenizer = Tokenizer(plan.source.folder, embeddings=_embeddings(plans))
    report("starting torch")
    _forbid_network()
    import torch

    torch.set_num_threads(threads)
    ready = [_ready(one, tokenizer, threads, cache or quantized_folder(), report) for one in plans]
    return LoadedModel(plan, tokenizer, _engine(plan, *reversed(ready)))


def _embeddings(plans: list[Plan]) -> int | None:
    """How many ids all of these models know; None where no configuration says it."""
    vocabularies = [plan.checkpoint.vocabulary for plan in plans]
    return min((count for count in vocabularies if count is not None), default=None)


def quantized_folder() -> Path:
    """Where quantized weights are kept for the next start."""
    return platformdirs.user_cache_path("seekline", appauthor=False) / "quantized"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A model that has run: what a step costs it, in milliseconds, by the length of its draft."""

    backend: Backend[Any]
    chunk_tokens: int
    step_ms: dict[int, float]


def _ready(plan: Plan, tokenizer: Tokenizer, threads: int, cache: Path, report: Callable[[str], None]) -> _Ready:
    from .memory import is_out_of_memory

    report(f"loading {plan.source.name}")
    try:
        backend, chunk_tokens = _backend(plan, tokenizer, threads, cache)
        return _Ready(backend=backend, chunk_tokens=chunk_tokens, step_ms=_warm_up(backend))
    except ModelError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise OutOfMemory(
                f"{plan.source.name} does not fit on {plan.device.name}.",
                "Free memory, set quantization = int4, or choose a smaller model.",
            ) from error
        raise BrokenCheckpoint(
            f"{plan.source.folder} could not be loaded: {type(error).__name__}: {error}",
            "Download the model again, or report this with the log.",
        ) from error


def _engine(plan: Plan, large: _Ready, small: _Ready | None = None) -> EngineCore[Any]:
    return EngineCore(
        large.backend,
        chunk_tokens=large.chunk_tokens,
        kv_limit_bytes=plan.kv_limit_bytes,
        draft_length=DraftLength(large.step_ms),
        draft_model=_draft_model(plan.draft, small, large.step_ms) if plan.draft and small else None,
    )


def _draft_model(plan: Plan, small: _Ready, step_ms: Mapping[int, float]) -> DraftModel[Any]:
    """`step_ms`: what a step costs the large model."""
    return DraftModel(
        small.backend,
        chunk_tokens=small.chunk_tokens,
        kv_limit_bytes=plan.kv_limit_bytes,
        draft_length=DraftLength({length: ms + length * small.step_ms[0] for length, ms in step_ms.items()}),
        prompt_ms=_prompt_ms(small.backend),
    )


def _prompt_ms(backend: Backend[Any]) -> float:
    """What a token of a prompt costs."""
    kv = backend.new_kv(_PROMPT_TOKENS)

    def read() -> float:
        kv.rewind(0)
        started = perf_counter()
        backend.forward([0] * _PROMPT_TOKENS, kv, Event())[0, 0].item()
        return 1000 * (perf_counter() - started)

    read()  # the first time allocates
    return read() / _PROMPT_TOKENS


def _warm_up(backend: Backend[Any]) -> dict[int, float]:
    """What a step costs, in milliseconds, by the length of its draft. The first passes also allocate, compile and fill
    caches, so that the user's need not. Raises `BrokenCheckpoint` where they compute nothing."""
    kv, cancel = backend.new_kv(_WARM_TOKENS), Event()
    costs: dict[int, float] = {}
    check_useful(backend.forward([0] * _PASSED_TOKENS, kv, cancel))
    for length in (0, *_DRAFT_LENGTHS):
        for _ in range(2):
            kv.rewind(_PASSED_TOKENS)
            started = perf_counter()
            # Reading a number waits for the device.
            backend.forward([0] * (length + 1), kv, cancel, logits=length + 1)[0, 0].item()
            costs[length] = 1000 * (perf_counter() - started)
    return costs


def _backend(plan: Plan, tokenizer: Tokenizer, threads: int, cache: Path) -> tuple[Backend[Any], int]:
    """The model behind the engine's interface, and how many tokens of a prompt to compute at a time: our own forward
    pass where it knows the architecture and one device holds the model, else transformers'."""
    import torch

    config = None if plan.spread else plan.checkpoint.llama
    if config is None:
        return _transformers_backend(plan, tokenizer), _chunk_tokens(plan)
    from ..backends.llama.backend import LlamaBackend
    from ..backends.llama.cuda import CudaRecorder
    from ..backends.llama.model_loader import load_llama, weights_of_modules
    from ..backends.llama.torch_forward import TorchLlama

    if plan.by_bitsandbytes:
        network, chunk_tokens = TorchLlama(config, weights_of_modules(_load_weights(plan))), _chunk_tokens(plan)
    else:
        loaded = load_llama(
            plan.source.folder,
            config,
            device=plan.device.name,
            dtype=getattr(torch, plan.dtype),
            bits=_BITS[plan.quantization],
            threads=threads,
            cache=cache,
        )
        network, chunk_tokens = loaded.network, loaded.chunk_tokens or _chunk_tokens(plan)
    recorder = CudaRecorder(network.device) if plan.device.kind == "cuda" else None
    backend = LlamaBackend(
        network, context_tokens=plan.checkpoint.context_tokens, vocabulary_size=tokenizer.size, recorder=recorder
    )
    return backend, chunk_tokens


def _transformers_backend(plan: Plan, tokenizer: Tokenizer) -> Backend[Any]:
    from ..backends.transformers import TransformersBackend

    _check_architecture(plan)
    return TransformersBackend(
        _load_weights(plan),
        context_tokens=plan.checkpoint.context_tokens,
        vocabulary_size=tokenizer.size,
        kv_bytes_per_token=plan.checkpoint.kv_bytes_per_token,
    )


def _chunk_tokens(plan: Plan) -> int:
    """How many tokens of a prompt are computed in one pass: fewer take longer in all, more are lost by a cancel."""
    return 256 if plan.device.kind == "cpu" else 512


def _load_weights(plan: Plan) -> PreTrainedModel:
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
    constants = sys.modules.get("huggingface_hub.constants")
    if constants is not None:
        vars(constants)["HF_HUB_OFFLINE"] = True
