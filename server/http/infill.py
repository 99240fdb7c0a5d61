"""`/infill`, as llama.cpp's server has it: what llama.vim and llama.vscode ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from pathlib import PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from ..completion.prompt_config import PromptConfig
from .events import compact, event_stream, unless_left
from .fields import Fields, Seed, Stops, as_list
from .generation import Asked, Outcome, admitted, generate, whole
from .prompting import OtherFile, Wishes, ask_for_hole
from .service import Service

ENDPOINT = "infill"
_MAX_FILES = 1000


class ExtraFields(Fields):
    """Another file, or a piece of one."""

    text: str = ""
    filename: str | None = None


class InfillFields(Fields):
    """`prompt`: the cursor's line before it, which goes on behind `input_prefix`. `n_predict`: 0 computes the prompt
    and writes nothing. `t_max_predict_ms`: from the first token on; behind it a text ends that has a whole line.
    `response_fields`: these of the answer alone, those within others as `outer/inner`."""

    input_prefix: str = ""
    input_suffix: str = ""
    input_extra: Annotated[list[ExtraFields], Field(max_length=_MAX_FILES, fail_fast=True)] = []
    prompt: str = ""
    n_predict: Annotated[int, Field(ge=-1)] = -1
    temperature: Annotated[float, Field(ge=0, le=5)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: Seed | None = None
    stop: Stops = None
    stream: bool = False
    t_max_predict_ms: float | None = None
    response_fields: Annotated[list[str], Field(fail_fast=True)] | None = None


def router(service: Service) -> APIRouter:
    routes = APIRouter()

    @routes.post("/infill")
    async def infill(fields: InfillFields, request: Request) -> Response:
        if fields.n_predict == 0:
            await unless_left(request, _warm(service, fields))
            return _response(fields, {"content": "", "stop": True})
        if fields.stream:
            return await event_stream(request, _events(service, fields), says_done=False)
        return _response(fields, await unless_left(request, _answer(service, fields)))

    return routes


def _make(fields: InfillFields, config: PromptConfig) -> Asked:
    limit_ms = fields.t_max_predict_ms
    wishes = Wishes(
        max_tokens=None if fields.n_predict < 0 else fields.n_predict,
        temperature=fields.temperature,
        top_p=fields.top_p,
        seed=fields.seed,
        stops=as_list(fields.stop),
        writes_within_s=None if limit_ms is None or limit_ms <= 0 else limit_ms / 1000,
    )
    others = [OtherFile(path=one.filename or "", text=one.text) for one in fields.input_extra]
    prefix = fields.input_prefix + fields.prompt
    return ask_for_hole(prefix, fields.input_suffix, wishes, config, others, _name_beside(others))


def _name_beside(others: list[OtherFile]) -> str:
    """A name for the file that is completed, which the client does not say: behind other files the model has to see
    where it begins."""
    suffix = next((PurePosixPath(other.path).suffix for other in reversed(others) if other.path), "")
    return f"current{suffix}"


async def _warm(service: Service, fields: InfillFields) -> None:
    """Has the prompt computed in the background: no completion waits for it."""
    config = await service.prompt_config()
    if fields.input_prefix or fields.prompt or fields.input_extra:
        asked = await asyncio.to_thread(_make, fields, config)
        service.warm(asked.request)


async def _answer(service: Service, fields: InfillFields) -> dict[str, Any]:
    async with admitted(service, ENDPOINT) as admission:
        outcome = await whole(admission, partial(_make, fields))
    return _body(fields, outcome, outcome.text)


async def _events(service: Service, fields: InfillFields) -> AsyncGenerator[dict[str, Any], None]:
    outcome = Outcome()
    async with (
        admitted(service, ENDPOINT) as admission,
        aclosing(generate(admission, partial(_make, fields), outcome)) as texts,
    ):
        async for text in texts:
            yield {"content": text, "stop": False}
    yield _body(fields, outcome, "")


def _body(fields: InfillFields, outcome: Outcome, text: str) -> dict[str, Any]:
    """The end of an answer."""
    prompt, new = outcome.prompt_tokens - outcome.reused_tokens, outcome.tokens
    word = outcome.stop_string if outcome.stop_string in as_list(fields.stop) else None
    return {
        "content": text,
        "stop": True,
        "stop_type": "limit" if outcome.finish == "length" else "eos" if word is None else "word",
        "stopping_word": word or "",
        "model": outcome.model,
        "tokens_predicted": new,
        "tokens_evaluated": outcome.prompt_tokens,
        "tokens_cached": outcome.prompt_tokens + new,
        "truncated": False,
        "generation_settings": {"n_ctx": outcome.context_tokens},
        "timings": {
            "cache_n": outcome.reused_tokens,
            **_timings("prompt", prompt, outcome.prompt_s),
            **_timings("predicted", new, outcome.writing_s),
        },
    }


def _timings(name: str, tokens: int, seconds: float) -> dict[str, float]:
    return {
        f"{name}_n": tokens,
        f"{name}_ms": round(1000 * seconds, 3),
        f"{name}_per_token_ms": round(1000 * seconds / max(1, tokens), 3),
        f"{name}_per_second": round(tokens / max(seconds, 1e-6), 3),
    }


def _response(fields: InfillFields, body: dict[str, Any]) -> Response:
    if fields.response_fields:
        body = _chosen(body, fields.response_fields)
    return Response(compact(body), media_type="application/json")


def _chosen(body: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """llama.cpp's: those that are there, each under the name by which it was asked for."""
    chosen: dict[str, Any] = {}
    for name in names:
        found: Any = body
        for part in name.split("/"):
            found = found.get(part, body) if isinstance(found, dict) else body
        if found is not body:
            chosen[name] = found
    return chosen
