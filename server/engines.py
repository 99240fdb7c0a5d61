"""What the settings ask of an engine."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

from .. import model
from .settings.field import LEARNED, NOTHING
from .settings.settings import WHOLE_CONTEXT, Settings

SHARE_VARIABLE = "SEEKLINE_SHARE"
"""With the value 0 it switches `share` off, for all that is started with it."""
_LONGEST_CONTEXT = 163_840
"""Of all models of the catalogue."""
_PROMPT_TOKENS = 4096
"""Room for the KV cache where the settings leave the length of prompts to the engine."""


def wanted_model(
    settings: Settings,
    base: Path,
    *,
    editor: str | None = None,
    learned: model.Learned | None = None,
    learned_places: tuple[Path, ...] = (),
) -> model.LocalModel | model.SharedModel | model.RemoteModel:
    """What is to be loaded, by whichever engine. Folders are relative to `base`. `editor`: what it calls itself; None
    for a command, which computes in its own process. `learned`: from the workspace, of which the setting `adapter` may
    take an adapter; `learned_places`: where that may be another one while the editor runs."""
    if settings.remote_url:
        return remote_model(settings, base)
    if editor is not None and is_shared(settings):
        shared = shared_model(settings, base, editor, learned)
        return replace(shared, local=replace(shared.local, learned_places=learned_places))
    return local_model(settings, base, learned)


def is_shared(settings: Settings) -> bool:
    """Whether editors are to use the one engine process of their user."""
    return settings.share and os.environ.get(SHARE_VARIABLE) != "0"


def shared_model(
    settings: Settings, base: Path, editor: str, learned: model.Learned | None = None
) -> model.SharedModel:
    """What an editor asks of that process."""
    keep_s, most = settings.engine_keep_seconds, settings.engine_memory_gb
    return model.SharedModel(
        local=local_model(settings, base.absolute(), learned),
        place=model.place_for_user(),
        client=model.ClientName(name=editor, pid=os.getpid()),
        keep_s=None if keep_s == "always" else keep_s,
        memory_bytes=None if most == "auto" else round(most * 1e9),
    )


def remote_model(settings: Settings, base: Path) -> model.RemoteModel:
    """The server that is to be asked, and how. Folders are relative to `base`."""
    return model.RemoteModel(
        url=settings.remote_url,
        model=settings.remote_model,
        tokenizer=settings.remote_tokenizer,
        base=base,
        takes=None if settings.remote_prompt == "auto" else settings.remote_prompt,
        key=settings.remote_key,
        context_tokens=_context_tokens(settings),
        silence_s=settings.remote_timeout_ms / 1000,
        offline=settings.offline,
    )


def _context_tokens(settings: Settings) -> int | None:
    """Of a server's model, as far as the settings say; None where they leave it to the server."""
    if settings.max_length != "auto":
        return settings.max_length
    return None if settings.context_tokens == "auto" else settings.context_tokens + _new_tokens(settings)


def local_model(settings: Settings, base: Path, learned: model.Learned | None = None) -> model.LocalModel:
    """What is to be loaded in this process. Folders are relative to `base`."""
    request = model_request(settings)
    return model.LocalModel(
        request=request if learned is None else replace(request, learned=learned.folder),
        base=base,
        threads=threads(settings),
        max_new_tokens=_new_tokens(settings),
        unload_minutes=settings.unload_minutes,
        learned_state=None if learned is None else learned.state,
    )


def model_request(settings: Settings) -> model.ModelRequest:
    """What the settings ask of the planner."""
    weights, quantization, dtype = _encoding(settings)
    return model.ModelRequest(
        model=settings.model,
        weights=weights,
        engine=settings.engine,
        device=settings.device,
        dtype=dtype,
        quantization=quantization,
        sequence_tokens=_sequence_tokens(settings),
        max_sequences=None if settings.max_batch_size == "auto" else settings.max_batch_size,
        trusted=settings.trust_remote_code,
        draft_model=settings.draft_model,
        adapter=model.NO_ADAPTER if settings.adapter == LEARNED else settings.adapter,
        merge_adapter=settings.merge_adapter,
        packed=None if settings.packed_model == NOTHING else Path(settings.packed_model).expanduser(),
    )


def _new_tokens(settings: Settings) -> int:
    """Of a completion, at the most."""
    longest = _LONGEST_CONTEXT if settings.max_length == "auto" else settings.max_length
    if settings.max_new_tokens == WHOLE_CONTEXT:
        return max(longest // 2, longest - _prompt_tokens(settings))
    return min(settings.max_new_tokens, longest // 2)


def _prompt_tokens(settings: Settings) -> int:
    return _PROMPT_TOKENS if settings.context_tokens == "auto" else settings.context_tokens


def _sequence_tokens(settings: Settings) -> int:
    """Of a prompt and its completion; a model's context may be shorter."""
    tokens = _prompt_tokens(settings) + _new_tokens(settings)
    return tokens if settings.max_length == "auto" else min(tokens, settings.max_length)


def _encoding(
    settings: Settings,
) -> tuple[model.WantedWeights, model.Quantization | Literal["auto"], model.Dtype | Literal["auto"]]:
    """Which file is wanted, and how its weights are to lie in memory: both are settings' `quantization`."""
    format: model.WeightsFormat | Literal["auto"] = (
        "safetensors" if settings.model_format == "pytorch" else settings.model_format
    )
    name = settings.quantization
    if name in ("bfloat16", "float32") and format != "gguf":
        return model.WantedWeights(format=format), "none", name
    file = model.gguf_quantization(name)
    if file is None:
        return model.WantedWeights(format=format), cast("model.Quantization", name), settings.dtype
    return model.WantedWeights(format="gguf" if format == "auto" else format, quantization=file), "auto", settings.dtype


def threads(settings: Settings) -> int:
    """How many compute on a CPU: never more than it runs at a time."""
    return model.compute_threads() if settings.threads == "auto" else min(settings.threads, model.most_threads())
