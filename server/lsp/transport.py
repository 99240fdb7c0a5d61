"""Runs a server over its client's connection: standard input and output, a TCP connection or a Unix socket.

Input is read, and long messages are parsed, beside the event loop, which takes one message after the other.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ..collector import IdleCollector
from .access_token import token_from
from .app import SeeklineServer, create_server
from .connection import Connection, over, standard_streams
from .framing import Framing, FramingLost, Oversized
from .jsonrpc import PARSE_ERROR, Refusal, is_short
from .lifetime import CLIENT_DIED, leave
from .listening import Listener, listen_tcp, listen_unix

if TYPE_CHECKING:
    from ...model import Engine

log = logging.getLogger(__name__)

_FLUSH_S = 1.0

Connect = Callable[[], Awaitable[Connection]]


def serve_stdio(options: dict[str, Any], *, engine: Engine | None = None) -> NoReturn:
    """Serves the client at standard input and output; ends the process. Raises `BadRequest`.

    `engine`: one of one's own, in place of the one that loads what the settings name.
    """
    connection = standard_streams()

    async def connect() -> Connection:
        return connection

    _run(create_server(options, engine), connect)


def serve_tcp(
    options: dict[str, Any], host: str, port: int, *, token_file: Path | None = None, public: bool = False
) -> NoReturn:
    """Serves the first client that says the token at `host`:`port`; ends the process with it. Raises `BadRequest`."""
    token, is_new = token_from(token_file)
    listener = listen_tcp(host, port, token, public=public)
    _serve_listener(options, listener, [f"token {token}"] if is_new else [])


def serve_socket(options: dict[str, Any], path: Path) -> NoReturn:
    """Serves the first client that connects to a Unix socket; ends the process with it. Raises `BadRequest`."""
    _serve_listener(options, listen_unix(path))


def _serve_listener(options: dict[str, Any], listener: Listener, also_said: Collection[str] = ()) -> NoReturn:
    """`also_said`: told behind where it listens, to whoever started the server: a program reads it as well as a person
    does. By then a signal ends it as it should."""

    async def connect() -> Connection:
        for line in (f"listening on {listener.address}", *also_said):
            print(f"seekline: {line}", file=sys.stderr, flush=True)
        client, rest = await listener.accept()
        log.info("a client connected to %s", listener.address)
        return over(client, rest)

    _run(create_server(options), connect, listener.close)


def _run(server: SeeklineServer, connect: Connect, cleanup: Callable[[], None] = lambda: None) -> NoReturn:
    _leave_deleted_folder()
    asyncio.run(_live(server, connect, cleanup))
    raise AssertionError("the process has ended")


def _leave_deleted_folder() -> None:
    """What is imported later expects a current folder; an editor may have deleted the one that it was started in."""
    try:
        Path.cwd()
    except OSError:
        log.warning("the current folder does not exist any more")
        os.chdir(Path(os.sep))


async def _live(server: SeeklineServer, connect: Connect, cleanup: Callable[[], None]) -> NoReturn:
    """Serves until the client, a signal or an error ends it, and ends the process: nothing waits for threads."""
    lifetime = server.lifetime
    lifetime.start()
    IdleCollector(lambda: server.is_idle).start()
    serving = asyncio.create_task(_serve(server, connect))
    code = await lifetime.ended()
    if serving.done() and not serving.cancelled() and (error := serving.exception()) is not None:
        log.error("the server failed", exc_info=error)
    cleanup()
    if server.connection is not None:
        await asyncio.to_thread(server.connection.flush, _FLUSH_S)
    leave(code, server.close)


async def _serve(server: SeeklineServer, connect: Connect) -> None:
    try:
        server.connection = connection = await connect()
        connection.start(lambda why: server.lifetime.end(CLIENT_DIED, why))
        server.protocol.set_writer(connection)
        await _receive(server, connection)
    finally:
        server.lifetime.end(CLIENT_DIED, "the client has nothing more to say")


async def _receive(server: SeeklineServer, connection: Connection) -> None:
    """Hands the client's messages to the protocol, one after the other, to the end of the input or of the server."""
    framing = Framing()
    protocol = server.protocol
    while data := await connection.read():
        try:
            for body in framing.feed(data):
                if isinstance(body, Oversized):
                    protocol.take_oversized(body)
                else:
                    message = protocol.read(body) if is_short(body) else await connection.beside(protocol.read, body)
                    protocol.take(message)
                if server.lifetime.exit_code is not None:
                    return
                await asyncio.sleep(0)  # what was asked begins, and a hundred messages in one piece hold up nobody
        except FramingLost as error:
            log.error("the connection is ended: %s", error)
            protocol.take(Refusal(id=None, code=PARSE_ERROR, message=str(error)))
            return
    if not framing.is_between_messages:
        log.warning("the client's last message is not complete")
