"""What an editor and the engine process say before all else: that each knows the token, and which code it runs.

The token never crosses. Each side proves that it knows it by a keyed digest (HMAC, RFC 2104) of what both have said,
with a number that the other has drawn, so that nothing of an earlier handshake is of any use. A message is JSON in a
frame of its own, small and awaited for a bounded time; fields that a later version adds are ignored.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sys
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from time import monotonic
from typing import Literal, TypeVar

import msgspec

from .build import Build
from .client_name import ClientName

MAX_NAME_CHARACTERS = 80
_MAX_BYTES = 4096
_LENGTH_BYTES = 2
_PROOF_BYTES = hashlib.sha256().digest_size
Purpose = Literal["join", "status", "stop"]
Role = Literal["editor", "engine"]
Verdict = Literal["admitted", "making way", "refused"]
Said = TypeVar("Said")


class HandshakeFailed(Exception):
    """The other side said what it should not have, or does not know the token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What the engine process says first. `nonce`: a number used once."""

    nonce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """What an editor answers. `keep_s`: how long the process may stay once nobody is there; None: for ever."""

    purpose: Purpose
    client: ClientName
    build: Build
    keep_s: float | None
    nonce: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Whether the editor is a client now. Who makes way ends: another process can be started then. `clients`: how many
    are connected. `pid`: of the process."""

    verdict: Verdict
    build: Build
    pid: int
    clients: int


def introduce(connection: Connection, token: bytes, hello: Hello, deadline_s: float) -> Answer:
    """The editor's part, by `monotonic` time. Raises `HandshakeFailed`, `OSError`, `EOFError` or `TimeoutError`."""
    challenge = _decode(_receive(connection, deadline_s), Challenge)
    hello = replace(hello, nonce=secrets.token_hex(16))
    _send_proven(connection, token, "editor", challenge.nonce, hello)
    return _decode(_receive_proven(connection, token, "engine", hello.nonce, deadline_s), Answer)


def challenge(connection: Connection, token: bytes, deadline_s: float) -> Hello:
    """The engine's first part: who has connected. Raises as `introduce` does."""
    nonce = secrets.token_hex(16)
    _send(connection, msgspec.json.encode(Challenge(nonce=nonce)))
    return _decode(_receive_proven(connection, token, "editor", nonce, deadline_s), Hello)


def answer(connection: Connection, token: bytes, hello: Hello, said: Answer) -> None:
    """The engine's second part. Raises `OSError`."""
    _send_proven(connection, token, "engine", hello.nonce, said)


def verdict(own: Build, hello: Hello, *, is_free: bool) -> Verdict:
    """What the engine process answers; `is_free`: nobody else is connected, and nothing is computed."""
    if hello.purpose == "stop":
        return "making way"
    if hello.purpose == "status" or hello.build == own:
        return "admitted"
    if hello.build.is_newer_than(own) and is_free:
        return "making way"
    return "refused"


def _send_proven(connection: Connection, token: bytes, role: Role, nonce: str, message: Hello | Answer) -> None:
    data = msgspec.json.encode(message)
    _send(connection, _proof(token, role, nonce, data) + data)


def _receive_proven(connection: Connection, token: bytes, role: Role, nonce: str, deadline_s: float) -> bytes:
    """The next message, which answers `nonce` and comes from one who knows the token, in that role."""
    frame = _receive(connection, deadline_s)
    proof, data = frame[:_PROOF_BYTES], frame[_PROOF_BYTES:]
    if not hmac.compare_digest(proof, _proof(token, role, nonce, data)):
        raise HandshakeFailed("it does not know the token")
    return data


def _proof(token: bytes, role: Role, nonce: str, data: bytes) -> bytes:
    return hmac.new(token, b"\0".join((role.encode(), nonce.encode(), data)), hashlib.sha256).digest()


def _decode(data: bytes, kind: type[Said]) -> Said:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HandshakeFailed(f"its message is none of a handshake: {error}") from error


def _send(connection: Connection, frame: bytes) -> None:
    """Never waits: it is the first that is sent, and smaller than what any system keeps for the other side."""
    if sys.platform == "win32":
        connection.send_bytes(frame)
    else:
        os.write(connection.fileno(), len(frame).to_bytes(_LENGTH_BYTES, "big") + frame)


def _receive(connection: Connection, deadline_s: float) -> bytes:
    """The next frame. It is our own: `recv_bytes` would wait for ever for the rest of half a message."""
    if sys.platform == "win32":
        _wait(connection, deadline_s)
        return connection.recv_bytes(_MAX_BYTES)
    length = int.from_bytes(_read(connection, _LENGTH_BYTES, deadline_s), "big")
    if length > _MAX_BYTES:
        raise HandshakeFailed("its message is too long")
    return _read(connection, length, deadline_s)


def _read(connection: Connection, size: int, deadline_s: float) -> bytes:
    found = b""
    while len(found) < size:
        _wait(connection, deadline_s)
        piece = os.read(connection.fileno(), size - len(found))
        if not piece:
            raise EOFError
        found += piece
    return found


def _wait(connection: Connection, deadline_s: float) -> None:
    if not connection.poll(max(0.0, deadline_s - monotonic())):
        raise TimeoutError("the other side says nothing")
