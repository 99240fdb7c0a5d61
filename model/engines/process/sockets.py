"""The connections themselves: a Unix socket that is its user's alone, or a named pipe on Windows.

Both come out as `multiprocessing.connection.Connection`. Who is at the other end is asked of the system where it knows.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import cast

from .place import EnginePlace

_WAITING_CLIENTS = 128
_XUCRED = struct.Struct("@IIh16I")
"""macOS, <sys/ucred.h>: version, user, number of groups, groups."""
_SOL_LOCAL, _LOCAL_PEERCRED = 0, 1


class AnothersProcess(Exception):
    """The process at the other end is another user's."""


def connect(place: EnginePlace, timeout_s: float) -> Connection | None:
    """A connection to whatever listens there; None where nothing does. Raises `AnothersProcess`, `OSError`."""
    if sys.platform == "win32":
        from multiprocessing.connection import Client

        try:
            return cast("Connection", Client(place.pipe, family="AF_PIPE"))  # it has all that a Connection has
        except FileNotFoundError:
            return None
    connecting = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connecting.settimeout(timeout_s)
        connecting.connect(str(place.socket))
        return _as_connection(connecting)
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    finally:
        connecting.close()


class Listening:
    """What editors connect to. Belongs to the one process that holds the place's lock."""

    def __init__(self, place: EnginePlace) -> None:
        """Takes the place of a socket that a process before has left. Raises `OSError`."""
        self._place = place
        if sys.platform == "win32":
            from multiprocessing.connection import Listener

            self._listener = Listener(place.pipe, family="AF_PIPE", backlog=_WAITING_CLIENTS)
            return
        place.socket.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            self._socket.bind(str(place.socket))
            self._file = place.socket.lstat()
            self._socket.listen(_WAITING_CLIENTS)
        except OSError:
            self._socket.close()
            raise
        finally:
            os.umask(mask)

    def accept(self) -> Connection:
        """Waits for the next one. Raises `AnothersProcess`, `OSError`."""
        if sys.platform == "win32":
            return cast("Connection", self._listener.accept())
        accepted, _ = self._socket.accept()
        with accepted:
            return _as_connection(accepted)

    @property
    def can_be_found(self) -> bool:
        """Whether the socket's file is still there, and still this one's."""
        if sys.platform == "win32":
            return True
        try:
            return os.path.samestat(self._place.socket.lstat(), self._file)
        except OSError:
            return False

    def touch(self) -> None:
        """Says that its files are in use: those that nobody touches for hours may be cleaned away."""
        for path in (self._place.socket, self._place.token, self._place.lock):
            with suppress(OSError, NotImplementedError):  # Windows cannot leave links alone
                os.utime(path, follow_symlinks=False)

    def remove(self) -> None:
        """Nobody finds it from here on."""
        if sys.platform != "win32" and self.can_be_found:
            with suppress(OSError):
                self._place.socket.unlink()


def _as_connection(connected: socket.socket) -> Connection:
    """The same connection, which then waits as long as it takes. Raises `AnothersProcess`."""
    user = _user_of_peer(connected)
    if user is not None and sys.platform != "win32" and user != os.geteuid():
        raise AnothersProcess(f"the process at the other end is user {user}'s")
    connected.settimeout(None)
    return Connection(connected.detach())


def _user_of_peer(connected: socket.socket) -> int | None:
    """None where the system does not say: the folder's and the socket's modes keep others out there, too."""
    if sys.platform == "linux":
        _, user, _ = struct.unpack("3i", connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return user
    if sys.platform == "darwin":
        return _XUCRED.unpack(connected.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED.size))[1]
    return None
