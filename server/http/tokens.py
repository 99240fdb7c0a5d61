"""`/tokenize` and `/detokenize`, as llama.cpp's server has them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from ... import model
from .errors import HttpError, of_model, refused
from .fields import Fields
from .service import Service


class TokenizeFields(Fields):
    """`add_special`: with the token that begins every text. Text never becomes a control token, whatever
    `parse_special` says: that is for prompts in a model's own form, which `/v1/completions` reads."""

    content: str
    add_special: bool = False
    with_pieces: bool = False


class DetokenizeFields(Fields):
    tokens: Annotated[list[Annotated[int, Field(ge=0)]], Field(fail_fast=True)]


def router(service: Service) -> APIRouter:
    routes = APIRouter()

    @routes.post("/tokenize")
    async def tokenize(fields: TokenizeFields) -> dict[str, Any]:
        tokenizer = await _tokenizer(service)
        ids = await asyncio.to_thread(tokenizer.encode_text, fields.content)
        if fields.add_special and tokenizer.begin_token is not None:
            ids.insert(0, tokenizer.control_id(tokenizer.begin_token))
        if not fields.with_pieces:
            return {"tokens": ids}
        return {"tokens": [{"id": id, "piece": _piece(tokenizer.bytes_of(id))} for id in ids]}

    @routes.post("/detokenize")
    async def detokenize(fields: DetokenizeFields) -> dict[str, Any]:
        tokenizer = await _tokenizer(service)
        wrong = next((id for id in fields.tokens if id >= tokenizer.size), None)
        if wrong is not None:
            raise refused("tokens", f"There is no token {wrong}.")
        return {"content": tokenizer.decode(fields.tokens)}

    return routes


def _piece(of: bytes) -> str | list[int]:
    """Its text, or its bytes where it is a part of a character."""
    try:
        return of.decode()
    except UnicodeDecodeError:
        return list(of)


async def _tokenizer(service: Service) -> model.Tokenizer:
    try:
        config = await service.prompt_config()
    except model.ModelError as error:
        raise of_model(error) from error
    if config.info.tokenizer is None:
        raise HttpError(501, f"{config.info.name} has no tokenizer here.", kind="server_error")
    return config.info.tokenizer
