"""One exchange with a server, in terms of the HTTP library, which is imported here and when it is needed.

Whatever the library raises becomes an `HttpFailure`.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import ssl
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from ... import outside
from ...errors import UnreadableFile
from .failures import HttpFailure

if TYPE_CHECKING:
    import httpx2

MAX_BODY_BYTES = 8 << 20
_MAX_REFUSAL_BYTES = 1 << 16
_MAX_QUOTED_CHARACTERS = 200
_KEPT_OPEN_S = 120.0
"""A connection that nobody uses: longer than people think between two keys, shorter than servers wait."""


def make_client(url: str, headers: Mapping[str, str], connect_s: float) -> httpx2.AsyncClient:
    """Opens nothing yet. Reads certificates only where they are needed, from where the system or `SSL_CERT_FILE` has
    them."""
    import httpx2

    logging.getLogger("httpx2").setLevel(logging.WARNING)  # else a line for each request
    if url.startswith("https:"):
        verify = httpx2.create_ssl_context(trust_env=True)
    else:
        verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which trusts nobody, and is never asked
    return httpx2.AsyncClient(
        base_url=url,
        headers={**headers, "accept-encoding": "identity"},
        verify=verify,
        trust_env=False,
        follow_redirects=False,
        timeout=httpx2.Timeout(None, connect=connect_s),  # who waits for an answer has limits of its own
        limits=httpx2.Limits(max_connections=None, keepalive_expiry=_KEPT_OPEN_S),
    )


@contextmanager
def as_failures() -> Iterator[None]:
    """Raises `HttpFailure` for what the library raises."""
    import httpx2

    try:
        yield
    except httpx2.ConnectTimeout:
        raise HttpFailure("unreachable", "does not answer") from None
    except httpx2.ConnectError as error:
        raise _no_connection(error) from None
    except (httpx2.NetworkError, httpx2.TimeoutException):
        raise HttpFailure("broken off", "closed the connection in the middle of an answer") from None
    except httpx2.RemoteProtocolError as error:
        if re.search("closed connection|disconnected", str(error)):
            raise HttpFailure("broken off", "closed the connection in the middle of an answer") from None
        raise HttpFailure("garbage", "sent what is no HTTP") from None
    except httpx2.HTTPError as error:
        raise HttpFailure("unreachable", f"cannot be asked: {type(error).__name__}") from None


def _no_connection(error: BaseException) -> HttpFailure:
    """By what caused it: the system's own words are the best there are."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return HttpFailure("untrusted", f"has a certificate that does not hold: {quoted(cause.verify_message)}")
        if isinstance(cause, ssl.SSLError):
            return HttpFailure("untrusted", f"speaks no TLS that works here: {quoted(cause.reason or '')}")
        if isinstance(cause, OSError) and cause.strerror:
            is_systems = cause.errno is not None and cause.errno > 0 and not isinstance(cause, socket.gaierror)
            words = os.strerror(cause.errno) if is_systems and cause.errno else cause.strerror
            return HttpFailure("unreachable", f"cannot be reached: {quoted(words)}")
        cause = cause.__cause__ or cause.__context__
    return HttpFailure("unreachable", f"cannot be reached: {quoted(str(error))}")


async def check_answer(answer: httpx2.Response, content_type: str, secrets: Collection[str] = ()) -> None:
    """Raises `HttpFailure` for an answer of another status or kind. `secrets`: never quoted."""
    status = answer.status_code
    if status in range(300, 400):
        location = quoted(answer.headers.get("location", ""), secrets)
        raise HttpFailure("refused", f"answers {status} and sends to {location}", status=status, location=location)
    if status != 200:
        said = _message(await _start_of(answer, _MAX_REFUSAL_BYTES))
        raise HttpFailure(
            "refused",
            f"answers {status}" + (f": {quoted(said, secrets)}" if said else ""),
            status=status,
            retry_after_s=_retry_after_s(answer.headers.get("retry-after", "")),
        )
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != content_type:
        raise HttpFailure("garbage", f"answers with {quoted(kind) or 'nothing named'} instead of {content_type}")
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise HttpFailure("garbage", "compresses its answer unasked")


async def read_whole(answer: httpx2.Response) -> bytes:
    """Raises `HttpFailure` where it is too long."""
    body = await _start_of(answer, MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise HttpFailure("garbage", f"sent an answer of more than {MAX_BODY_BYTES:,} bytes")
    return body


async def _start_of(answer: httpx2.Response, limit_bytes: int) -> bytes:
    body = bytearray()
    async for received in answer.aiter_raw():
        body += received
        if len(body) >= limit_bytes:
            break
    return bytes(body[:limit_bytes])


def parsed(body: bytes | str) -> Any:
    """JSON from a server. Raises `HttpFailure` where it is none."""
    encoded = body.encode("utf-8", "replace") if isinstance(body, str) else body
    try:
        return outside.parse_json(encoded, name="an answer")
    except UnreadableFile as error:
        raise HttpFailure("garbage", f"sent what {quoted(error.fault)}") from None


def quoted(text: str, secrets: Collection[str] = ()) -> str:
    """What a server says, made fit for a message: one short line of printable characters."""
    for secret in secrets:
        text = text.replace(secret, "…")
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * _MAX_QUOTED_CHARACTERS]).split())
    return line if len(line) <= _MAX_QUOTED_CHARACTERS else line[:_MAX_QUOTED_CHARACTERS] + "…"


def _message(body: bytes) -> str:
    """What servers say in a refusal: OpenAI's form, FastAPI's, or a text; no web page."""
    try:
        said = parsed(body)
    except HttpFailure:
        text = body.decode("utf-8", "replace").strip()
        return "" if text.startswith("<") else text
    for key in ("error", "detail", "message"):
        if isinstance(said, dict) and said.get(key):
            said = said[key]
    return said if isinstance(said, str) else ""


def _retry_after_s(header: str) -> float | None:
    """Seconds, or a date (RFC 9110, section 10.2.3)."""
    if re.fullmatch(r"\d{1,6}", header):
        return float(header)
    try:
        date = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (date - datetime.now(timezone.utc)).total_seconds()) if date.tzinfo else None
