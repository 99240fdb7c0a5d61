"""The files beside the socket: the token that proves who is who, and the lock that lets one engine be started.

Both are the user's own. A file that others could read, or could have put there, is refused.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
from pathlib import Path

from ...errors import EngineUnreachable

_TOKEN_BYTES = 32
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_DO_NOT_WAIT = getattr(os, "O_NONBLOCK", 0)
"""For the other end of what may be a pipe."""


def write_token(path: Path) -> bytes:
    """A new token, in a file that takes the place of the one before it. Raises `OSError`."""
    token = secrets.token_hex(_TOKEN_BYTES).encode()
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(token)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    return token


def read_token(path: Path) -> bytes | None:
    """None where there is no such file. Raises `EngineUnreachable` where it may be another's."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_LINK | _DO_NOT_WAIT)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        _check_own(path, descriptor)
        return os.read(descriptor, 4 * _TOKEN_BYTES)
    finally:
        os.close(descriptor)


def try_lock(path: Path) -> int | None:
    """A descriptor that holds the lock until it and all its copies are closed; None where another process holds it.

    Raises `EngineUnreachable` where there can't be such a file.
    """
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK | _DO_NOT_WAIT, 0o600)
        except OSError as error:
            raise _unusable(path, error) from error
        try:
            _check_own(path, descriptor)
            is_locked = _lock(descriptor)
            is_current = is_locked and is_file_of(path, descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        if is_current:
            return descriptor
        os.close(descriptor)
        if not is_locked:
            return None
        # Else who held it has removed it meanwhile, and the next one is another file.


def is_file_of(path: Path, descriptor: int) -> bool:
    """Whether it is still the file that the descriptor is of."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _check_own(path: Path, descriptor: int) -> None:
    """Raises `EngineUnreachable` unless it is a plain file that nobody but the user can read or write."""
    if sys.platform == "win32":
        return  # it lies in the user's profile
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise EngineUnreachable(
            f"{path} is no file that only you can read and write, as the shared engine's must be.",
            f"Find out who has put it there, and remove it: `rm {path}`.",
        )


def _unusable(path: Path, error: OSError) -> EngineUnreachable:
    return EngineUnreachable(
        f"The shared engine's file {path} cannot be used: {error.strerror}.",
        "Make room or mend its rights, or set XDG_RUNTIME_DIR to a folder of your own.",
    )
