"""The body of a message in, a checked JSON-RPC 2.0 message out, or the error that answers it; knows no LSP.

After this, `id` is a string or an integer, `method` a string, and the whole an object; batches are no part of LSP.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from json.scanner import py_make_scanner  # pyright: ignore[reportAttributeAccessIssue]
from typing import Any, NoReturn

PARSE_ERROR = -32700
INVALID_REQUEST = -32600

_AT_ONCE_BYTES = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The error that answers a message; `id` is None where the message has none that can be used."""

    id: int | str | None
    code: int
    message: str


def read_message(body: bytes) -> dict[str, Any] | Refusal:
    """The message in a body: a request, a notification or an answer, by its members."""
    try:
        text = body.decode("utf-8")
        value = json.loads(text, parse_constant=_refuse) if is_short(body) else _PATIENT.decode(text)
    except UnicodeDecodeError:
        return Refusal(id=None, code=PARSE_ERROR, message="the message is not UTF-8")
    except ValueError:
        return Refusal(id=None, code=PARSE_ERROR, message="the message is not JSON")
    except RecursionError:
        return Refusal(id=None, code=PARSE_ERROR, message="the message is nested too deeply")
    return _checked(value)


def is_short(body: bytes) -> bool:
    """Whether a body is read in no time; a longer one is for a thread where nobody waits."""
    return len(body) <= _AT_ONCE_BYTES


def _checked(value: Any) -> dict[str, Any] | Refusal:
    if isinstance(value, list):
        return Refusal(id=None, code=INVALID_REQUEST, message="batches are no part of LSP")
    if not isinstance(value, dict):
        return Refusal(id=None, code=INVALID_REQUEST, message="a message is a JSON object")
    id = value.get("id")
    if isinstance(id, bool) or not isinstance(id, (int, str, type(None))):
        return Refusal(id=None, code=INVALID_REQUEST, message="an id is a string or an integer")
    if value.get("jsonrpc") != "2.0":
        return Refusal(id=id, code=INVALID_REQUEST, message='a message says "jsonrpc": "2.0"')
    if "method" in value:
        if not isinstance(value["method"], str):
            return Refusal(id=id, code=INVALID_REQUEST, message="a method is a string")
        if "id" in value and id is None:
            return Refusal(id=None, code=INVALID_REQUEST, message="the id of a request is not null")
    elif "id" not in value:
        return Refusal(id=None, code=INVALID_REQUEST, message="a message has a method, or answers one by its id")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


class _PatientDecoder(json.JSONDecoder):
    """Python's own decoder without its loops in C, during which no other thread runs: only strings are read in C."""

    def __init__(self) -> None:
        super().__init__(parse_constant=_refuse)
        self.scan_once = py_make_scanner(self)


_PATIENT = _PatientDecoder()
