"""The token that a client on TCP says first: where it comes from, and that nobody else reads it there."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from pathlib import Path

from ..errors import BadRequest

VARIABLE = "SEEKLINE_TOKEN"
_MIN_CHARACTERS = 16
_MAX_CHARACTERS = 200
_REMEDY = f"Give one line of {_MIN_CHARACTERS} to {_MAX_CHARACTERS} printable ASCII characters without spaces."


def token_from(file: Path | None) -> tuple[str, bool]:
    """The token in `file`, which is written with a new one where it is missing; else that of the environment; else a
    new one. And whether it is new and nowhere to be read yet. Raises `BadRequest`.
    """
    in_environment = os.environ.pop(VARIABLE, None)  # no child of this process needs it
    if file is not None:
        return _checked(_read_or_write(file), str(file)), False
    if in_environment is not None:
        return _checked(in_environment, VARIABLE), False
    return secrets.token_urlsafe(32), True


def _read_or_write(file: Path) -> str:
    try:
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            with file.open("rb") as opened:
                if sys.platform != "win32" and os.fstat(opened.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                    raise BadRequest(
                        f"Others may read or write {file}.", f"Run `chmod 600 {file}`, and put a new token there."
                    ) from None
                return opened.read(4096).decode("ascii", "replace")
        token = secrets.token_urlsafe(32)
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(token + "\n")
        return token
    except OSError as error:
        raise BadRequest(f"{file} cannot be used: {error.strerror}.", "Name a file that you may write.") from error


def _checked(text: str, source: str) -> str:
    token = text.strip()
    if not (_MIN_CHARACTERS <= len(token) <= _MAX_CHARACTERS and token.isascii() and token.isprintable()):
        raise BadRequest(f"{source} holds no token.", _REMEDY)
    if " " in token:
        raise BadRequest(f"{source} holds a token with spaces.", _REMEDY)
    return token
