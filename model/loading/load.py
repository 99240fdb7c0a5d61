"""Loads what a plan says: weights and tokenizer, ready to generate. No connection is ever opened here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
from ..errors import BrokenCheckpoint, ModelError, OutOfMemory
from ..tokenizer import Tokenizer
from .loaded_model import LoadedModel
from .packed import BITS, unpack
from .plan import Plan
from .pretrained import check_architecture, load_pretrained

if TYPE_CHECKING:
    from ..backends.llama.adapter import AdapterWeights
    from ..decoding.copying.mixture_weights import MixtureWeights


MIXTURE_FILE = "mixture.safetensors"
"""In the folder of a model for which a mixture was fitted."""
_DRAFT_LENGTHS = (1, 3, 7)
_PASSED_TOKENS = 8
_WARM_TOKENS = 32
_PROMPT_TOKENS = 64


def load_model(
    plan: Plan, *, threads: int, report: Callable[[str], None] = lambda _: None, cache: Path | None = None
) -> LoadedModel:
    """Loads the model of `plan`. `threads`: for computing on a CPU, at the most. `report` is told each step. `cache`:
    the folder for quantized weights.

    Raises `BrokenCheckpoint`, `BrokenAdapter`, `UnreadableFile`, `UnsupportedArchitecture` and `OutOfMemory`.
    """
    tokenizer = Tokenizer(plan.source.path, embeddings=_embeddings(plan))
    mixture = _mixture(plan.source.folder / MIXTURE_FILE)
    report("starting torch")
    _forbid_network()
    import torch

    torch.set_num_threads(threads)
    cache = cache or quantized_folder()
    adapter = read_adapter_of(plan)  # what is wrong with it is found before the model takes its time
    if plan.packed is not None:
        unpack(plan, plan.packed, cache)
    # The draft model first: how torch computes afterwards is what was measured best for the large one.
    small = _load_and_measure(plan.draft, tokenizer, threads, cache, report) if plan.draft else None
    large = _load_and_measure(plan, tokenizer, threads, cache, report)
    without = plan if adapter is None else replace(plan, adapter=None)
    loaded = LoadedModel(without, tokenizer, _engine(plan, large, small), mixture, large.backend)
    if adapter is not None:
        loaded.adapt(plan, adapter)
    return loaded


def read_adapter_of(plan: Plan) -> AdapterWeights | None:
    """The weights of the adapter that is to run beside those of the model; None where there is none.

    Raises `BrokenAdapter`."""
    if plan.adapter is None or plan.merges_adapter:
        return None
    from ..backends.llama.adapter import read_adapter

    return read_adapter(plan.adapter)


def _mixture(path: Path) -> MixtureWeights | None:
    from .mixture_file import read_mixture

    return read_mixture(path) if path.is_file() else None


def _embeddings(plan: Plan) -> int | None:
    """How many ids the model and its draft model both know; None where no configuration says it."""
    vocabularies = [one.checkpoint.vocabulary for one in (plan, plan.draft) if one is not None]
    known = [count for count in vocabularies if count is not None]
    return min(known, default=None)


def quantized_folder() -> Path:
    """Where quantized weights are kept for the next start."""
    return platformdirs.user_cache_path("seekline", appauthor=False) / "quantized"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """A model in memory, and what a step costs it, in milliseconds, by the length of the draft that it verifies."""

    backend: Backend[Any]
    chunk_tokens: int
    step_ms: dict[int, float]


def _load_and_measure(
    plan: Plan, tokenizer: Tokenizer, threads: int, cache: Path, report: Callable[[str], None]
) -> _Measured:
    """Raises what `load_model` raises."""
    from .memory import is_out_of_memory

    report(f"loading {plan.source.name}")
    try:
        backend, chunk_tokens = _backend(plan, tokenizer, threads, cache)
        return _Measured(backend=backend, chunk_tokens=chunk_tokens, step_ms=_warm_up(backend))
    except ModelError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise OutOfMemory(
                f"{plan.source.name} does not fit on {plan.device.name}.",
                "Free memory, set quantization = int4, or choose a smaller model.",
            ) from error
        raise BrokenCheckpoint(
            f"{plan.source.path} could not be loaded: {type(error).__name__}: {error}",
            "Download the model again, or report this with the log.",
        ) from error


def _engine(plan: Plan, large: _Measured, small: _Measured | None) -> EngineCore[Any]:
    return EngineCore(
        large.backend,
        chunk_tokens=large.chunk_tokens,
        kv_limit_bytes=plan.kv_limit_bytes,
        draft_length=DraftLength(large.step_ms),
        draft_model=_draft_model(plan.draft, small, large.step_ms) if plan.draft and small else None,
    )


def _draft_model(plan: Plan, small: _Measured, step_ms: Mapping[int, float]) -> DraftModel[Any]:
    """`step_ms`: what a step costs the large model."""
    return DraftModel(
        small.backend,
        chunk_tokens=small.chunk_tokens,
        kv_limit_bytes=plan.kv_limit_bytes,
        draft_length=DraftLength({length: ms + length * small.step_ms[0] for length, ms in step_ms.items()}),
        prompt_ms=_prompt_ms(small.backend),
    )


def _prompt_ms(backend: Backend[Any]) -> float:
    """What a token of a prompt costs, in milliseconds."""
    kv = backend.new_kv(_PROMPT_TOKENS)

    def read() -> float:
        kv.rewind(0)
        started = perf_counter()
        backend.forward([0] * _PROMPT_TOKENS, kv, Event())[0, 0].item()
        return 1000 * (perf_counter() - started)

    read()  # the first time allocates
    return read() / _PROMPT_TOKENS


def _warm_up(backend: Backend[Any]) -> dict[int, float]:
    """What a step costs, in milliseconds, by the length of its draft.

    The first passes also allocate, compile and fill caches, before the user waits for one. Raises `BrokenCheckpoint`
    where the logits are no numbers, or all the same.
    """
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
    """Loads a model, and says how many tokens of a prompt to compute at a time.

    The forward pass is our own where it knows the architecture and one device holds the model, else transformers'.
    """
    import torch

    config = plan.checkpoint.llama
    if config is None or plan.engine == "transformers":
        return _transformers_backend(plan, tokenizer), _chunk_tokens(plan)
    from ..backends.llama.backend import LlamaBackend
    from ..backends.llama.cuda import CudaRecorder
    from ..backends.llama.model_loader import load_llama, weights_of_modules
    from ..backends.llama.torch_forward import TorchLlama

    if plan.by_bitsandbytes:
        network, chunk_tokens = TorchLlama(config, weights_of_modules(load_pretrained(plan))), _chunk_tokens(plan)
    else:
        loaded = load_llama(
            plan.source.path,
            config,
            device=plan.device.name,
            dtype=getattr(torch, plan.dtype),
            bits=BITS[plan.quantization],
            threads=threads,
            cache=cache,
            packing=plan.checkpoint.packing,
            merge=plan.adapter if plan.merges_adapter else None,
        )
        network, chunk_tokens = loaded.network, loaded.chunk_tokens or _chunk_tokens(plan)
    recorder = CudaRecorder(network.device) if plan.device.kind == "cuda" else None
    backend = LlamaBackend(
        network, context_tokens=plan.checkpoint.context_tokens, vocabulary_size=tokenizer.size, recorder=recorder
    )
    return backend, chunk_tokens


def _transformers_backend(plan: Plan, tokenizer: Tokenizer) -> Backend[Any]:
    from ..backends.transformers import TransformersBackend

    check_architecture(plan)
    return TransformersBackend(
        load_pretrained(plan),
        context_tokens=plan.checkpoint.context_tokens,
        vocabulary_size=tokenizer.size,
        kv_bytes_per_token=plan.checkpoint.kv_bytes_per_token,
    )


def _chunk_tokens(plan: Plan) -> int:
    """How many tokens of a prompt are computed in one pass: fewer take longer in all, more are lost by a cancel."""
    return 256 if plan.device.kind == "cpu" else 512


def _forbid_network() -> None:
    """The folder is complete, so whatever a library would look up on the hub is not needed."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    constants = sys.modules.get("huggingface_hub.constants")
    if constants is not None:
        vars(constants)["HF_HUB_OFFLINE"] = True
