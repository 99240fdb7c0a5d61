"""The application: which endpoints there are, and how what goes wrong is answered."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from ..errors import InputError
from ..version import VERSION
from . import chat, completions, infill, tokens, watching
from .errors import HttpError
from .limits import Limits
from .service import Service

log = logging.getLogger(__name__)

_CLOSE_S = 5.0


def create_app(service: Service, *, key: str | None = None, hosts: frozenset[str] | None = frozenset()) -> FastAPI:
    """The endpoints of `service`. `key`: what a client has to know; `hosts`: see `Limits`."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.load()
        yield
        service.close(_CLOSE_S)

    app = FastAPI(title="Seekline", version=VERSION, docs_url=None, redoc_url=None, lifespan=lifespan)
    for endpoints in (completions, chat, infill, tokens, watching):
        app.include_router(endpoints.router(service))
    app.exception_handler(HttpError)(_refused)
    app.exception_handler(RequestValidationError)(_misunderstood)
    app.exception_handler(HTTPException)(_unknown)
    app.exception_handler(InputError)(_unusable)
    app.exception_handler(Exception)(_failed)
    app.add_middleware(Limits, key=key, hosts=hosts)
    return app


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HttpError)
    return error.answer()


async def _misunderstood(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body")
    return HttpError(400, f"{where or 'The body'}: {first['msg']}", parameter=where or None).answer()


async def _unknown(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return HttpError(error.status_code, str(error.detail)).answer()


async def _unusable(_: Request, error: Exception) -> Response:
    return HttpError(503, str(error), kind="server_error").answer()


async def _failed(_: Request, error: Exception) -> Response:
    log.error("a request failed", exc_info=error)
    return HttpError(500, "Unexpected error, see the server's log.", kind="server_error").answer()
