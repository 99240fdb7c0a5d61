"""What the settings say of a server, checked: its address, and the key that it wants."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from ...errors import RemoteFailed

Takes = Literal["ids", "suffix", "text"]
"""How a prompt is given: as token ids, as a text and a suffix, or as one text with control tokens in it."""
KEY_VARIABLE = "SEEKLINE_REMOTE_KEY"
KEYRING_SERVICE = "seekline"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteModel:
    """What is to be asked, by the user's own settings.

    `url`: what `/completions` and `/models` are added to. `model`: its name there; empty: the only one. `tokenizer`:
    a model on this machine, named as `find_source` wants it and relative to `base`, whose tokenizer is the server's;
    empty: not known. `takes`: how it is given prompts; None: by what the server is. `key`: "auto", "none", "keyring" or
    "env:NAME". `context_tokens`: of its model, where the server does not say. `silence_s`: how long it may say nothing.
    `offline`: no machine but this one may be asked.
    """

    url: str
    model: str = ""
    tokenizer: str = ""
    base: Path = Path()
    takes: Takes | None = None
    key: str = "auto"
    context_tokens: int | None = None
    silence_s: float = 10.0
    offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server is. `url`: with the path, and no slash at its end. `origin`: scheme, host and port, for people.
    `is_local`: whether that is this machine. `is_encrypted`: whether nobody between can read along."""

    url: str
    origin: str
    host: str
    is_local: bool
    is_encrypted: bool


def address_of(url: str) -> Address:
    """Raises `RemoteFailed` for what is no address, or has in it what does not belong there."""
    parts = _parts(url)
    host = (parts.hostname or "").rstrip(".") if parts is not None else ""
    if parts is None or parts.scheme not in ("http", "https") or not host or not re.fullmatch("[!-~]+", url):
        raise RemoteFailed(
            f"remote_url = {_without_password(url)!r} is no address of a server.",
            'Write it as "http://127.0.0.1:8000/v1" or "https://host/v1".',
        )
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise RemoteFailed(
            f"remote_url = {_without_password(url)!r} has more in it than an address.",
            f"Leave out passwords, ? and #; put a key into the environment variable {KEY_VARIABLE}.",
        )
    shown = f"[{host}]" if ":" in host else host
    origin = f"{parts.scheme}://{shown}" + (f":{parts.port}" if parts.port is not None else "")
    path = parts.path.rstrip("/") or "/v1"  # where all of these servers have it
    return Address(
        url=origin + path,
        origin=origin,
        host=host,
        is_local=_is_this_machine(host),
        is_encrypted=parts.scheme == "https",
    )


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _without_password(url: str) -> str:
    return re.sub(r"//[^/]*@", "//…@", url)


def _is_this_machine(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified  # the latter is how servers say where they listen


def key_of(wanted: RemoteModel, address: Address) -> str:
    """The key to send; empty: none. Raises `RemoteFailed` where one was named and is not there."""
    if wanted.key == "none":
        return ""
    if wanted.key == "keyring":
        return _checked(_of_keyring(address.host), f"The key for {address.host} in the keyring")
    is_auto = wanted.key == "auto"
    name = KEY_VARIABLE if is_auto else wanted.key.removeprefix("env:")
    found = os.environ.get(name, "")
    if not found and not is_auto:
        raise RemoteFailed(
            f'remote_key = "{wanted.key}", but the environment variable {name} is not set.',
            "Set it where the editor is started from, or keep the key in the keyring.",
        )
    return _checked(found, f"The key in the environment variable {name}")


def _checked(key: str, what: str) -> str:
    key = key.strip()
    if not re.fullmatch(r"[!-~]{0,4096}", key):  # what a header can have
        raise RemoteFailed(f"{what} has characters that no key has.", "Copy it anew.")
    return key


def _of_keyring(host: str) -> str:
    command = f"keyring set {KEYRING_SERVICE} {host}"
    try:
        keyring, errors = import_module("keyring"), import_module("keyring.errors")
    except ImportError:
        raise RemoteFailed(
            'remote_key = "keyring", but the package keyring is not installed.',
            f"Install it beside Seekline, and keep the key by `{command}`; or use the variable {KEY_VARIABLE}.",
        ) from None
    try:
        found = keyring.get_password(KEYRING_SERVICE, host)
    except errors.KeyringError as error:
        raise RemoteFailed(
            f"The keyring cannot be read: {type(error).__name__}.", f"Unlock it, or use the variable {KEY_VARIABLE}."
        ) from None
    if not found:
        raise RemoteFailed(f"The keyring has no key for {host}.", f"Keep it there by `{command}`.")
    return found
