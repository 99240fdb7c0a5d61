"""Where one client is waited for: a TCP address with a token, or a Unix socket that only its user may open.

Whoever reaches a port of this machine, a web page or another user's program, says the token first, or nothing that it
says is read. The first client that does ends the listening.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import os
import socket
import stat
import sys
from collections import deque
from pathlib import Path

from ..errors import BadRequest

log = logging.getLogger(__name__)

_PATIENCE_S = 10.0
_MAX_TOKEN_BYTES = 256
_MAX_STRANGERS = 16
"""So many may be about to say the token; the one that has taken longest gives way to the next."""


class Listener:
    """A listening socket. `token`: what a client must say before all else; `path`: the file of a Unix socket."""

    def __init__(self, listening: socket.socket, *, token: str | None = None, path: Path | None = None) -> None:
        self.address = _address(listening)
        self._listening = listening
        self._token = token
        self._path = path
        self._file = None if path is None else path.lstat()

    async def accept(self) -> tuple[socket.socket, bytes]:
        """The one client, and what it has said after the token; nobody else can connect from here on."""
        loop = asyncio.get_running_loop()
        self._listening.setblocking(False)
        accepted: asyncio.Future[tuple[socket.socket, bytes]] = loop.create_future()
        strangers: deque[asyncio.Task[None]] = deque()
        listening = loop.create_task(self._listen(accepted, strangers))
        try:
            return await accepted
        finally:
            self.close()
            for task in (listening, *strangers):
                task.cancel()

    async def _listen(
        self, accepted: asyncio.Future[tuple[socket.socket, bytes]], strangers: deque[asyncio.Task[None]]
    ) -> None:
        loop = asyncio.get_running_loop()
        while not accepted.done():
            try:
                stranger, _ = await loop.sock_accept(self._listening)
            except OSError as error:  # it is gone again, or there are no descriptors left
                log.warning("a client could not be accepted: %s", error)
                await asyncio.sleep(0.1)
                continue
            for task in [task for task in strangers if task.done()]:
                strangers.remove(task)
            if len(strangers) >= _MAX_STRANGERS:
                strangers.popleft().cancel()
            strangers.append(loop.create_task(self._admit(stranger, accepted)))

    async def _admit(self, stranger: socket.socket, accepted: asyncio.Future[tuple[socket.socket, bytes]]) -> None:
        """Makes a stranger the client, or ends its connection without a word."""
        try:
            stranger.setblocking(False)
            rest = b"" if self._token is None else await asyncio.wait_for(self._token_from(stranger), _PATIENCE_S)
            if rest is not None and not accepted.done():
                accepted.set_result((stranger, rest))
                return
            log.warning("a client was refused: it did not say the token in its first line")
        except (OSError, asyncio.TimeoutError) as error:
            log.warning("a client was refused: it said no token (%r)", error)
        except asyncio.CancelledError:
            stranger.close()
            raise
        stranger.close()

    async def _token_from(self, stranger: socket.socket) -> bytes | None:
        """What came after the line with the token; None where another line came."""
        loop = asyncio.get_running_loop()
        said = b""
        while b"\n" not in said:
            piece = await loop.sock_recv(stranger, _MAX_TOKEN_BYTES)
            said += piece
            if not piece or len(said) > 2 * _MAX_TOKEN_BYTES:
                return None
        line, _, rest = said.partition(b"\n")
        token = (self._token or "").encode()
        return rest if hmac.compare_digest(line.rstrip(b"\r"), token) else None

    def close(self) -> None:
        """Stops listening, and removes the file of a Unix socket, unless another has taken its place."""
        self._listening.close()
        if self._path is not None and self._file is not None:
            with contextlib.suppress(OSError):
                if os.path.samestat(self._path.lstat(), self._file):
                    self._path.unlink()
            self._path = None


def listen_tcp(host: str, port: int, token: str, *, public: bool = False) -> Listener:
    """Listens on an address of this machine that only this machine reaches, unless `public`. Raises `BadRequest`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise BadRequest(f"{host!r} is no address of this machine ({error}).", "Write 127.0.0.1 or [::1].") from error
    family, _, _, _, address = found[0]
    if not public and not _is_loopback(str(address[0])):
        raise BadRequest(
            f"{host} can be reached from other machines, and what is sent over it can be read on the way.",
            "Listen on 127.0.0.1, or add --tcp-public where the network is your own.",
        )
    try:
        listening = socket.create_server(address[:2], family=family)
    except OSError as error:
        raise BadRequest(f"{host}:{port} cannot be listened on: {error.strerror}.", "Choose another port.") from error
    return Listener(listening, token=token)


def listen_unix(path: Path) -> Listener:
    """Listens on a Unix socket of mode 0600. A socket that nobody listens on any more is replaced, and nothing else.

    Raises `BadRequest`.
    """
    if sys.platform == "win32" or not hasattr(socket, "AF_UNIX"):
        raise BadRequest("There are no Unix sockets on this system.", "Use --tcp 127.0.0.1:0.")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _make_room(path)
        mask = os.umask(0o177)
        try:
            listening.bind(str(path))
        finally:
            os.umask(mask)
        listening.listen()
    except OSError as error:
        listening.close()
        raise BadRequest(f"{path} cannot be listened on: {error.strerror or error}.", "Choose another path.") from error
    except BadRequest:
        listening.close()
        raise
    return Listener(listening, path=path.absolute())


def _make_room(path: Path) -> None:
    """Removes the socket of a server that is gone. Raises `BadRequest` where anything else is in the way."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise BadRequest(f"{path} is no socket.", "Choose a path where nothing is.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise BadRequest(f"Another server listens on {path}.", "Choose another path.")


def _address(listening: socket.socket) -> str:
    address = listening.getsockname()
    if not isinstance(address, tuple):
        return str(address)
    host = f"[{address[0]}]" if listening.family == socket.AF_INET6 else address[0]
    return f"{host}:{address[1]}"


def _is_loopback(address: str) -> bool:
    import ipaddress

    return ipaddress.ip_address(address.partition("%")[0]).is_loopback
