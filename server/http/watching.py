"""What says how the server is: `/health`, `/v1/models`, `/props`, `/metrics`."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ... import model
from .errors import HttpError, of_model
from .service import Service


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    started = int(time.time())

    @routes.get("/health")
    @routes.get("/v1/health", include_in_schema=False)
    async def health() -> dict[str, str]:
        status = service.engine.status
        if status.state == "failed":
            raise HttpError(503, "The model cannot be used: see the server's log.", kind="unavailable_error")
        if status.state == "loading":
            raise HttpError(503, "Loading model", kind="unavailable_error", retry_after_s=1)
        return {"status": "ok"}

    @routes.get("/v1/models")
    @routes.get("/models", include_in_schema=False)
    async def models() -> dict[str, Any]:
        info = await _info(service)
        entry = {
            "id": info.name,
            "object": "model",
            "created": started,
            "owned_by": "seekline",
            "context_length": info.limits.context_tokens,
        }
        return {"object": "list", "data": [entry]}

    @routes.get("/props")
    async def props() -> dict[str, Any]:
        info = await _info(service)
        settings = {"n_ctx": info.limits.context_tokens}
        return {"default_generation_settings": settings, "total_slots": 1, "model_path": info.name}

    @routes.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return routes


async def _info(service: Service) -> model.EngineInfo:
    try:
        return (await service.prompt_config()).info
    except model.ModelError as error:
        raise of_model(error) from error
