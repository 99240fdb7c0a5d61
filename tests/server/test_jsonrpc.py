"""Bodies to checked messages: what is no JSON-RPC 2.0 gets the error that the protocol has for it."""

from __future__ import annotations

import json

import pytest
from seekline.server.lsp.jsonrpc import Refusal, read_message


@pytest.mark.parametrize("padding", ["", " " * 20_000], ids=["short", "long"])
@pytest.mark.parametrize(
    ("body", "code", "id"),
    [
        ("", -32700, None),
        ("{", -32700, None),
        ("{} x", -32700, None),
        ("NaN", -32700, None),
        ('{"jsonrpc": "2.0", "method": "m", "params": [Infinity]}', -32700, None),
        ("[" * 100_000, -32700, None),
        ("[" * 100_000 + "]" * 100_000, -32700, None),
        ('{"a":' * 50_000 + "1" + "}" * 50_000, -32700, None),
        ("1" * 10_000, -32700, None),
        ("3", -32600, None),
        ('"x"', -32600, None),
        ("null", -32600, None),
        ("[]", -32600, None),
        ('[{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}]', -32600, None),
        ("{}", -32600, None),
        ('{"jsonrpc": "2.0"}', -32600, None),
        ('{"jsonrpc": "1.0", "id": 4, "method": "m"}', -32600, 4),
        ('{"id": 4, "method": "m"}', -32600, 4),
        ('{"jsonrpc": 2.0, "id": "x", "method": "m"}', -32600, "x"),
        ('{"jsonrpc": "2.0", "id": 4, "method": 3}', -32600, 4),
        ('{"jsonrpc": "2.0", "id": 4, "method": null}', -32600, 4),
        ('{"jsonrpc": "2.0", "id": null, "method": "m"}', -32600, None),
        *((f'{{"jsonrpc": "2.0", "id": {id}, "method": "m"}}', -32600, None) for id in ("{}", "[1]", "true", "1.5")),
    ],
)
def test_what_is_refused(body: str, code: int, id: object, padding: str) -> None:
    refusal = read_message((body + padding).encode())
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.id) == (code, id)


@pytest.mark.parametrize("body", [b"\xff\xfe", '{"jsonrpc": "2.0", "method": "m"}'.encode("utf-16"), b'"\xed\xa0\x80"'])
def test_what_is_not_utf_8(body: bytes) -> None:
    refusal = read_message(body)
    assert isinstance(refusal, Refusal)
    assert refusal.code == -32700


@pytest.mark.parametrize("length", [1, 100_000])
def test_messages_are_read_alike_short_and_long(length: int) -> None:
    params = {"text": 'ü\n"\\\u2028\ud83d' * length, "list": [1, -2.5e3, None, True, {}, []], "big": 2**70}
    message = {"jsonrpc": "2.0", "id": 1, "method": "m", "params": params}
    assert read_message(json.dumps(message).encode()) == message
