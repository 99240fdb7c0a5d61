"""URIs of the client: which path on this machine each of them names. Nothing here looks at the disk."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes, urlsplit

log = logging.getLogger(__name__)

MAX_PATH_CHARACTERS = 32_767 if sys.platform == "win32" else 4096
"""No system opens a longer path; to resolve one would take as long as there are slashes in it."""
_MAX_URI_CHARACTERS = 9 * MAX_PATH_CHARACTERS  # each character may be three bytes, each byte `%XX`
_SHOWN_CHARACTERS = 200
_UNTITLED = Path("untitled")


class _NoFile(ValueError):
    """Why a URI names no file of this machine."""


def path_of(uri: str) -> Path | None:
    """The absolute path that a `file:` URI names, as the client spells it but without `..` and doubled slashes.

    None for other schemes. None, too, for a URI that no file of this machine can have, which the log then names.
    """
    if len(uri) > _MAX_URI_CHARACTERS:
        _warn(uri[:_SHOWN_CHARACTERS], f"it has {len(uri):,} characters")
        return None
    return _path_of(uri)


def name_of(uri: str) -> Path:
    """A path for every URI: a document that is no file still has a name."""
    path = path_of(uri)
    if path is not None:
        return path
    try:
        parts = urlsplit(uri[:_MAX_URI_CHARACTERS])
    except ValueError:
        return _UNTITLED
    # What should be a file and is none must not be taken for one of this machine by its path.
    name = unquote(parts.path.rpartition("/")[2] if parts.scheme == "file" else parts.path)
    path = Path(name) if 0 < len(name) <= MAX_PATH_CHARACTERS else _UNTITLED
    # What is only a name must not lead anywhere, whatever folder it is put in.
    return path if path.is_absolute() or path.name not in ("", "..") else _UNTITLED


def path_in(folders: Sequence[Path], uri: str) -> Path:
    """Where a document is taken to be. One that was never saved is in the first folder, unless the editor knows already
    where it will be: `untitled:/folder/new.py`."""
    name = name_of(uri)
    return folders[0] / name.name if folders and uri.startswith("untitled:") and not name.is_absolute() else name


@lru_cache(maxsize=1024)
def _path_of(uri: str) -> Path | None:
    try:
        parts = urlsplit(uri)
        return _path(parts.netloc, parts.path) if parts.scheme == "file" else None
    except ValueError as error:  # also of a bracket that is not closed, or of half a surrogate pair
        _warn(uri[:_SHOWN_CHARACTERS], str(error))
        return None


def _path(host: str, quoted: str) -> Path:
    # The bytes between the percent signs are those of the name, whatever they are: Python's own form of such a name.
    path = os.fsdecode(unquote_to_bytes(quoted))
    if "\0" in path:
        raise _NoFile("there is a NUL in it")
    if len(path) > MAX_PATH_CHARACTERS:
        raise _NoFile(f"its path has {len(path):,} characters")
    if host.lower() in ("", "localhost"):  # RFC 8089, section 2
        path = path.lstrip("/") if sys.platform == "win32" else "/" + path.lstrip("/") if path.startswith("/") else path
    elif sys.platform == "win32" and host not in (".", "?"):  # which stand for devices
        path = f"//{host}{path}"
    else:
        raise _NoFile("it is on another machine")
    if not os.path.isabs(path):  # noqa: PTH117
        raise _NoFile("its path is not absolute")
    # `..` is taken away without a look at links, as RFC 3986 has it (section 5.2.4).
    found = os.path.normpath(path)
    return Path(found[0].upper() + found[1:] if sys.platform == "win32" and found[1:2] == ":" else found)


@lru_cache(maxsize=256)
def _warn(uri: str, reason: str) -> None:
    """Says it once: a client that sends such a URI sends it with each keystroke."""
    log.warning("%r names no file: %s", uri, reason)
