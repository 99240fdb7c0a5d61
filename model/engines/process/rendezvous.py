"""How an editor meets the engine process: finds the one that runs, or starts it, alone among all that try.

Who holds the place's lock starts it, and the process then holds it as long as it lives: so there is one at a time, and
one that has died is known to be dead.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from multiprocessing.connection import Connection
from time import monotonic, sleep

import msgspec

from ...errors import EngineUnreachable
from .build import BUILD, Build
from .client_name import ClientName
from .handshake import MAX_NAME_CHARACTERS, Answer, HandshakeFailed, Hello, Purpose, introduce
from .place import EnginePlace, make_folder
from .secret_files import read_token, try_lock
from .service import ProcessStatus
from .sockets import AnothersProcess, connect
from .starting import start_engine

log = logging.getLogger(__name__)

_PATIENCE_S = 60.0
"""For a process that another editor starts, or that is about to end."""
_ANSWERS_WITHIN_S = 10.0
_MAX_REJECTIONS = 8
_MAX_STARTS = 3
_SHORTEST_WAIT_S, _LONGEST_WAIT_S = 0.01, 0.2
_MAX_STATUS_BYTES = 10_000_000
_REMEDY = "`seekline stop` ends it; the next request starts another one."


class _Rejected(Exception):
    """The connection ended before its handshake did: the process may have been about to end."""


def find_or_start(
    place: EnginePlace,
    client: ClientName,
    *,
    keep_s: float | None,
    memory_bytes: int | None = None,
    build: Build = BUILD,
) -> Connection:
    """A connection to the one process of this place, as a client of it. `keep_s`: how long it stays once nobody is
    there; None: for ever. `memory_bytes`: how much its models may take, where this starts it.

    Waits, but not for ever. Raises `EngineUnreachable`.
    """
    make_folder(place)
    hello = Hello(purpose="join", client=_shown(client), build=build, keep_s=keep_s)
    deadline_s = monotonic() + _PATIENCE_S
    wait_s, rejections, starts = _SHORTEST_WAIT_S, 0, 0
    while monotonic() < deadline_s and rejections < _MAX_REJECTIONS and starts <= _MAX_STARTS:
        try:
            connection = _join(place, hello)
        except _Rejected as error:
            log.info("the engine process has not admitted this one: %s", error)
            rejections += 1
            connection = None
        if connection is not None:
            return connection
        lock = try_lock(place.lock)
        if lock is not None:
            _start(place, lock, keep_s=keep_s, memory_bytes=memory_bytes)
            starts += 1
            continue
        sleep(wait_s)
        wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
    raise EngineUnreachable(f"The shared engine's process at {place.folder} does not admit this one.", _REMEDY)


def status_of(place: EnginePlace, client: ClientName) -> ProcessStatus | None:
    """What runs there; None where nothing does. Raises `EngineUnreachable`."""
    met = _visit(place, client, "status")
    if met is None:
        return None
    connection, _ = met
    with connection:
        try:
            if not connection.poll(_ANSWERS_WITHIN_S):
                raise EngineUnreachable("The shared engine's process does not say what it does.", _REMEDY)
            return msgspec.json.decode(connection.recv_bytes(_MAX_STATUS_BYTES), type=ProcessStatus)
        except (OSError, EOFError):
            return None
        except msgspec.DecodeError as error:
            raise EngineUnreachable(
                f"The shared engine's process answers as another version does: {error}.", _REMEDY
            ) from error


def stop(place: EnginePlace, client: ClientName, timeout_s: float = _PATIENCE_S) -> Answer | None:
    """Has the process there end, whoever is connected, and waits until it is gone; None where there was none.

    Raises `EngineUnreachable` where it does not end in time.
    """
    met = _visit(place, client, "stop")
    if met is None:
        return None
    connection, answer = met
    connection.close()
    deadline_s = monotonic() + timeout_s
    while (lock := try_lock(place.lock)) is None:
        if monotonic() > deadline_s:
            raise EngineUnreachable(f"Process {answer.pid} does not end.", f"`kill -9 {answer.pid}` ends it.")
        sleep(_LONGEST_WAIT_S)
    _discard(place, lock)
    return answer


def _join(place: EnginePlace, hello: Hello) -> Connection | None:
    """A connection as a client; None where a process can be started instead. Raises as `_meet` does."""
    met = _meet(place, hello)
    if met is None:
        return None
    connection, answer = met
    if answer.verdict == "admitted":
        return connection
    connection.close()
    if answer.verdict == "making way":
        return None
    what = f"The shared engine's process {answer.pid}"
    if answer.build == hello.build:
        raise EngineUnreachable(f"{what} has {answer.clients} clients, which is the most.", "Close an editor.")
    if answer.build.is_newer_than(hello.build):
        raise EngineUnreachable(
            f"{what} is of a newer Seekline ({answer.build.version}) than this one ({hello.build.version}).",
            "Start this editor's language server anew.",
        )
    raise EngineUnreachable(
        f"{what} is of an older Seekline ({answer.build.version}), and editors are connected to it.",
        "Start their language servers anew, or run `seekline stop`.",
    )


def _visit(place: EnginePlace, client: ClientName, purpose: Purpose) -> tuple[Connection, Answer] | None:
    """The same for who is no client. Raises `EngineUnreachable`."""
    hello = Hello(purpose=purpose, client=_shown(client), build=BUILD, keep_s=None)
    for _ in range(_MAX_REJECTIONS):
        try:
            return _meet(place, hello)
        except _Rejected:
            sleep(_LONGEST_WAIT_S)
    raise EngineUnreachable(f"What listens at {place.folder} is not your engine.", f"Remove {place.socket}.")


def _meet(place: EnginePlace, hello: Hello) -> tuple[Connection, Answer] | None:
    """Connects and says who this is; None where nobody listens. Raises `_Rejected`, `EngineUnreachable`."""
    try:
        token = read_token(place.token)
        connection = None if token is None else connect(place, _ANSWERS_WITHIN_S)
    except (AnothersProcess, OSError) as error:
        raise EngineUnreachable(
            f"The shared engine's socket {place.socket} cannot be used: {error}.", f"Remove it: `rm {place.socket}`."
        ) from error
    if token is None or connection is None:
        return None
    try:
        return connection, introduce(connection, token, hello, monotonic() + _ANSWERS_WITHIN_S)
    except TimeoutError as error:
        connection.close()
        raise EngineUnreachable("The shared engine's process does not answer.", _REMEDY) from error
    except (HandshakeFailed, EOFError, OSError) as error:
        connection.close()
        raise _Rejected(str(error) or "it hung up") from error


def _start(place: EnginePlace, lock: int, *, keep_s: float | None, memory_bytes: int | None) -> None:
    """Raises `EngineUnreachable`, and leaves no lock then."""
    try:
        start_engine(place, lock, keep_s=keep_s, memory_bytes=memory_bytes)
    except EngineUnreachable:
        left = try_lock(place.lock)
        if left is not None:
            _discard(place, left)
        raise


def _discard(place: EnginePlace, lock: int) -> None:
    """Removes what a process that is gone may have left; `lock` is held by this one."""
    for path in (place.token, place.socket, place.lock):
        with suppress(OSError):
            path.unlink()
    os.close(lock)


def _shown(client: ClientName) -> ClientName:
    """What an editor calls itself is shown to users: one short line."""
    name = "".join(c for c in client.name if c.isprintable())[:MAX_NAME_CHARACTERS]
    return ClientName(name=name or "an editor", pid=client.pid)
