"""Answers that come piece by piece: server-sent events, as OpenAI's API has them, and answers to clients that leave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import StreamingResponse

from .errors import HttpError

_LOOKS_EVERY_S = 0.05
T = TypeVar("T")


async def event_stream(
    request: Request, bodies: AsyncGenerator[dict[str, Any], None], *, says_done: bool = True
) -> StreamingResponse:
    """Raises `HttpError` where it fails before anything has come, which has a status of its own then, or where the
    client leaves before."""

    async def begin() -> dict[str, Any] | None:
        return await anext(bodies, None)

    first = await unless_left(request, begin())

    async def lines() -> AsyncGenerator[str, None]:
        try:
            if first is not None:
                yield _event(first)
            async for body in bodies:
                yield _event(body)
        except HttpError as error:
            yield _event(error.body())
        finally:
            await bodies.aclose()
        if says_done:
            yield "data: [DONE]\n\n"

    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


async def unless_left(request: Request, answer: Awaitable[T]) -> T:
    """The answer, which is given up where the client leaves first. Raises `HttpError` then, which nobody reads."""
    task = asyncio.ensure_future(answer)
    try:
        while True:
            done, _ = await asyncio.wait({task}, timeout=_LOOKS_EVERY_S)
            if done:
                return task.result()
            if await request.is_disconnected():
                raise HttpError(499, "The client has left.")
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


def compact(body: dict[str, Any]) -> bytes:
    """JSON without a blank: some clients read it by patterns."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _event(body: dict[str, Any]) -> str:
    return f"data: {compact(body).decode()}\n\n"
