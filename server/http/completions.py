"""`/v1/completions`, as OpenAI's API has it, with `suffix` for fill-in-the-middle."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from pydantic import Field

from ..completion.prompt_config import PromptConfig
from .errors import refused
from .events import compact, event_stream, unless_left
from .fields import MAX_CHOICES, SamplingFields
from .generation import Asked, MakeAsked, Outcome, admitted, parts, whole
from .logprobs import TokenOdds
from .prompting import Wishes, ask_for_hole, ask_for_ids, ask_for_text
from .service import Service

ENDPOINT = "completions"
Ids = Annotated[list[int], Field(min_length=1, fail_fast=True)]
Prompts = (
    str
    | Ids
    | Annotated[list[str], Field(min_length=1, max_length=MAX_CHOICES, fail_fast=True)]
    | Annotated[list[Ids], Field(min_length=1, max_length=MAX_CHOICES, fail_fast=True)]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One text of an answer."""

    prompt: str | list[int]
    make: MakeAsked


class CompletionFields(SamplingFields):
    """`prompt`: a text, token ids, or several of one kind. `suffix`: what stands behind the text that is wanted."""

    prompt: Prompts
    suffix: str | None = None
    echo: bool | None = None
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None
    best_of: int | None = None

    @property
    def alternatives(self) -> int | None:
        return self.logprobs

    def prompts(self) -> list[str | list[int]]:
        if isinstance(self.prompt, str):
            return [self.prompt]
        if isinstance(self.prompt[0], int):
            return [[id for id in self.prompt if isinstance(id, int)]]
        return [prompt for prompt in self.prompt if not isinstance(prompt, int)]

    def texts(self) -> Iterator[Wanted]:
        """What is wanted, in the order of its index."""
        for prompt in self.prompts():
            for choice in range(self.choices):
                yield Wanted(prompt=prompt, make=partial(_make, prompt, self.suffix, self.wishes(choice=choice)))

    def check(self) -> None:
        SamplingFields.check(self)
        if self.best_of not in (None, 1, self.choices):
            raise refused("best_of", "best_of is not supported beyond n.")
        if self.suffix is not None and any(not isinstance(prompt, str) for prompt in self.prompts()):
            raise refused("suffix", "A suffix needs a prompt that is text.")
        if self.echo and self.logprobs is not None:
            raise refused("logprobs", "logprobs of the prompt, with echo, are not supported.")
        if len(self.prompts()) * self.choices > MAX_CHOICES:
            raise refused("n", f"A request has at most {MAX_CHOICES} texts.")


def router(service: Service) -> APIRouter:
    routes = APIRouter()

    @routes.post("/v1/completions")
    @routes.post("/completions", include_in_schema=False)
    async def completions(fields: CompletionFields, request: Request) -> Response:
        fields.check()
        if fields.stream:
            return await event_stream(request, _events(service, fields))
        return Response(await unless_left(request, _answer(service, fields)), media_type="application/json")

    return routes


def _make(prompt: str | list[int], suffix: str | None, wishes: Wishes, config: PromptConfig) -> Asked:
    if not isinstance(prompt, str):
        return ask_for_ids(prompt, wishes, config)
    if suffix is not None:
        return ask_for_hole(prompt, suffix, wishes, config)
    return ask_for_text(prompt, wishes, config)


async def _answer(service: Service, fields: CompletionFields) -> bytes:
    choices: list[dict[str, Any]] = []
    outcomes: list[Outcome] = []
    async with admitted(service, ENDPOINT) as admission:
        for index, wanted in enumerate(fields.texts()):
            outcome = await whole(admission, wanted.make)
            outcomes.append(outcome)
            choices.append(
                {
                    "index": index,
                    "text": _echoed(fields, wanted.prompt, outcome) + outcome.text,
                    "logprobs": TokenOdds(outcome, fields.alternatives).of_completion(),
                    "finish_reason": outcome.finish or "stop",
                }
            )
    return compact({**_head(outcomes[0].model), "choices": choices, "usage": usage_of(outcomes, fields.choices)})


async def _events(service: Service, fields: CompletionFields) -> AsyncGenerator[dict[str, Any], None]:
    """One text behind the other: the device would not write them sooner side by side."""
    id = _id()
    outcomes: list[Outcome] = []
    async with admitted(service, ENDPOINT) as admission:
        for index, wanted in enumerate(fields.texts()):
            outcome = Outcome()
            outcomes.append(outcome)
            odds = TokenOdds(outcome, fields.alternatives)
            async with aclosing(parts(admission, wanted.make, outcome)) as said:
                async for part in said:
                    choice = {
                        "index": index,
                        "text": (_echoed(fields, wanted.prompt, outcome) if part.is_first else "") + part.text,
                        "logprobs": odds.of_completion(),
                        "finish_reason": part.finish,
                    }
                    yield {**_head(outcome.model, id), "choices": [choice]}
    if fields.says_usage:
        yield {**_head(outcomes[0].model, id), "choices": [], "usage": usage_of(outcomes, fields.choices)}


def _echoed(fields: CompletionFields, prompt: str | list[int], outcome: Outcome) -> str:
    if not fields.echo:
        return ""
    if isinstance(prompt, str):
        return prompt
    return outcome.tokenizer.decode(prompt) if outcome.tokenizer is not None else ""


def usage_of(outcomes: list[Outcome], choices: int) -> dict[str, Any]:
    """Of prompts with so many texts each, one behind the other; a prompt counts once. `cached_tokens`: of the prompts,
    which needed no computing."""
    prompts = outcomes[::choices]
    prompt, new = sum(one.prompt_tokens for one in prompts), sum(one.tokens for one in outcomes)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": new,
        "total_tokens": prompt + new,
        "prompt_tokens_details": {"cached_tokens": sum(one.reused_tokens for one in prompts)},
    }


def _id() -> str:
    return f"cmpl-{uuid4().hex}"


def _head(model_name: str, id: str | None = None) -> dict[str, Any]:
    return {"id": id or _id(), "object": "text_completion", "created": int(time.time()), "model": model_name}
