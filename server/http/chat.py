"""`/v1/chat/completions`, as OpenAI's API has it, with the model's own chat template."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from pydantic import Field

from ... import model
from ..completion.prompt_config import PromptConfig
from .completions import usage_of
from .errors import refused
from .events import compact, event_stream, unless_left
from .fields import Fields, SamplingFields
from .generation import Asked, MakeAsked, Outcome, Part, admitted, parts, whole
from .logprobs import TokenOdds
from .prompting import Wishes, ask_for_ids
from .service import Service

ENDPOINT = "chat"
_CHUNK = "chat.completion.chunk"
_LONGEST_TOKENS = 2048
"""Of an answer where the client does not say."""


class PartFields(Fields):
    """A part of a message. Only text is understood."""

    type: str
    text: str | None = None


class MessageFields(Fields):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | Annotated[list[PartFields], Field(fail_fast=True)] | None = None

    @property
    def text(self) -> str:
        """Raises `HttpError` for a part that is no text."""
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        for part in self.content:
            if part.type != "text":
                raise refused("messages", f"A part of the type {part.type[:40]!r} is not understood: only text is.")
        return "".join(part.text or "" for part in self.content)


class ChatFields(SamplingFields):
    """`n_predict`: as llama.cpp's server calls `max_tokens`."""

    messages: Annotated[list[MessageFields], Field(min_length=1, max_length=1000, fail_fast=True)]
    max_completion_tokens: Annotated[int, Field(ge=0)] | None = None
    n_predict: Annotated[int, Field(ge=-1)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    tools: list[Any] | None = None
    response_format: dict[str, Any] | None = None

    @property
    def wanted_tokens(self) -> int:
        given = (self.max_completion_tokens, self.max_tokens, self.n_predict)
        return next((tokens for tokens in given if tokens is not None and tokens >= 0), _LONGEST_TOKENS)

    @property
    def alternatives(self) -> int | None:
        return self.top_logprobs or 0 if self.logprobs else None

    def check(self) -> None:
        SamplingFields.check(self)
        if self.top_logprobs and not self.logprobs:
            raise refused("top_logprobs", "top_logprobs needs logprobs to be true.")
        if self.tools:
            raise refused("tools", "tools are not supported.")
        if self.response_format is not None and self.response_format.get("type") != "text":
            raise refused("response_format", "Only response_format text is supported.")

    def chat(self) -> list[model.ChatMessage]:
        return [model.ChatMessage(role=_role(one.role), content=one.text) for one in self.messages]


def router(service: Service) -> APIRouter:
    routes = APIRouter()

    @routes.post("/v1/chat/completions")
    @routes.post("/chat/completions", include_in_schema=False)
    async def chat_completions(fields: ChatFields, request: Request) -> Response:
        fields.check()
        if fields.stream:
            return await event_stream(request, _events(service, fields))
        return Response(await unless_left(request, _answer(service, fields)), media_type="application/json")

    return routes


def _role(role: str) -> str:
    return "system" if role == "developer" else role


def _make(messages: list[model.ChatMessage], wishes: Wishes, config: PromptConfig) -> Asked:
    tokenizer = config.info.tokenizer
    if tokenizer is None:
        raise refused("model", f"{config.info.name} has no tokenizer here: name it by remote_tokenizer.")
    template = model.chat_template_of(tokenizer)
    if template is None:
        what = "has no chat template: it completes text, at /v1/completions. Chats need an instruct model."
        raise refused("model", f"{config.info.name} {what}")
    try:
        ids = template.encode(messages)
    except model.ChatRefused as error:
        raise refused("messages", str(error)) from error
    return ask_for_ids(ids, wishes, config, head="\n".join(message.content for message in messages))


async def _answer(service: Service, fields: ChatFields) -> bytes:
    async with admitted(service, ENDPOINT) as admission:
        outcomes = [await whole(admission, make) for make in _texts(fields)]
    choices = [
        {
            "index": number,
            "message": {"role": "assistant", "content": outcome.text},
            "logprobs": TokenOdds(outcome, fields.alternatives).of_chat(),
            "finish_reason": outcome.finish or "stop",
        }
        for number, outcome in enumerate(outcomes)
    ]
    head = _head(outcomes[0].model, "chat.completion")
    return compact({**head, "choices": choices, "usage": usage_of(outcomes, fields.choices)})


async def _events(service: Service, fields: ChatFields) -> AsyncGenerator[dict[str, Any], None]:
    """One text behind the other, as `completions` has them."""
    id = _id()
    outcomes: list[Outcome] = []
    async with admitted(service, ENDPOINT) as admission:
        for index, make in enumerate(_texts(fields)):
            outcome = Outcome()
            outcomes.append(outcome)
            odds = TokenOdds(outcome, fields.alternatives)
            async with aclosing(parts(admission, make, outcome)) as said:
                async for part in said:
                    choice = {
                        "index": index,
                        "delta": _delta(part),
                        "logprobs": odds.of_chat(),
                        "finish_reason": part.finish,
                    }
                    yield {**_head(outcome.model, _CHUNK, id), "choices": [choice]}
    if fields.says_usage:
        yield {**_head(outcomes[0].model, _CHUNK, id), "choices": [], "usage": usage_of(outcomes, fields.choices)}


def _delta(part: Part) -> dict[str, str]:
    if part.is_first:
        return {"role": "assistant", "content": part.text}
    return {"content": part.text} if part.text else {}


def _texts(fields: ChatFields) -> list[MakeAsked]:
    """How each choice is asked for, in the order of its index."""
    messages = fields.chat()
    wishes = [fields.wishes(choice=choice, max_tokens=fields.wanted_tokens) for choice in range(fields.choices)]
    return [partial(_make, messages, one) for one in wishes]


def _id() -> str:
    return f"chatcmpl-{uuid4().hex}"


def _head(model_name: str, kind: str, id: str | None = None) -> dict[str, Any]:
    return {"id": id or _id(), "object": kind, "created": int(time.time()), "model": model_name}
