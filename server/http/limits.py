"""What a client may send before anything is read of it: from where, with which key, and how much."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .errors import HttpError

MAX_BODY_BYTES = 16_000_000
MAX_TOTAL_BYTES = 256_000_000
"""Of the requests that are read or answered at a time."""
BODY_WITHIN_S = 30.0
"""A client that sends slower than that is not waited for."""
OPEN_PATHS = ("/health", "/v1/health")
"""Without a key: what watches a server has none."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Limits:
    """Stands before the application. `key`: None where none is needed. `hosts`: the names by which the server may be
    called; None: any. A web page that has its own name lead to this machine calls it by that name."""

    def __init__(self, app: App, *, key: str | None, hosts: frozenset[str] | None) -> None:
        self._app = app
        self._key = key
        self._hosts = hosts
        self._held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        try:
            self._check(scope)
            await self._read(receive, body)
        except HttpError as error:
            self._held_bytes -= len(body)
            await error.answer()(scope, receive, send)
            return
        try:
            _as_json(scope)
            await self._app(scope, _replayed(bytes(body), receive), send)
        finally:
            self._held_bytes -= len(body)

    def _check(self, scope: Scope) -> None:
        """Raises `HttpError`."""
        headers = {name.lower(): value for name, value in scope["headers"]}
        host = headers.get(b"host", b"").decode("latin-1")
        if self._hosts is not None and not _is_named(host, self._hosts):
            raise HttpError(403, "This server is not called by that name.", kind="permission_error")
        if b"origin" in headers and self._key is None:
            raise HttpError(403, "Web pages are not served.", kind="permission_error")
        if self._key is not None and scope["path"] not in OPEN_PATHS:
            scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
            if scheme.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self._key.encode()):
                raise HttpError(401, "The key is missing or wrong.", kind="authentication_error")
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > MAX_BODY_BYTES:
            raise _too_large()

    async def _read(self, receive: Receive, body: bytearray) -> None:
        """All of it, into `body`. Raises `HttpError` where it is too much, or does not come in time."""

        async def read() -> None:
            is_more = True
            while is_more:
                message = await receive()
                part = message.get("body", b"")
                if len(body) + len(part) > MAX_BODY_BYTES:
                    raise _too_large()
                if self._held_bytes + len(part) > MAX_TOTAL_BYTES:
                    raise HttpError(429, "Too much is being read.", kind="rate_limit_exceeded", retry_after_s=1)
                body.extend(part)
                self._held_bytes += len(part)
                is_more = message.get("more_body", False)

        try:
            await asyncio.wait_for(read(), BODY_WITHIN_S)
        except asyncio.TimeoutError:
            raise HttpError(408, "The request did not come in time.", kind="timeout") from None


def _replayed(body: bytes, receive: Receive) -> Receive:
    is_told = False

    async def replay() -> MutableMapping[str, Any]:
        nonlocal is_told
        if is_told:
            return await receive()  # the end of the connection
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _as_json(scope: Scope) -> None:
    """Whatever a client calls its body, as `curl -d` calls it a form: every body here is JSON."""
    others = [(name, value) for name, value in scope["headers"] if name.lower() != b"content-type"]
    scope["headers"] = [*others, (b"content-type", b"application/json")]


def _is_named(host: str, names: frozenset[str]) -> bool:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    name = name.strip("[]").lower()
    if name in names:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _too_large() -> HttpError:
    return HttpError(413, f"A request has at most {MAX_BODY_BYTES:,} bytes.")
