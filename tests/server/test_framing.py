"""Bytes to messages: every header that the grammar permits, and a clear end where framing is lost."""

from __future__ import annotations

import json

import pytest
from seekline.server.lsp.framing import Framing, FramingLost, Oversized


def messages(data: bytes, *, piece: int = 1 << 20, limit: int = 1000) -> list[bytes | Oversized]:
    framing = Framing(limit)
    return [message for at in range(0, len(data), piece) for message in framing.feed(data[at : at + piece])]


@pytest.mark.parametrize("piece", [1, 3, 1000])
@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 2\r\n\r\n",
        b"content-length: 2\r\n\r\n",
        b"CONTENT-LENGTH:2\r\n\r\n",
        b"Content-Length:\t 2 \t\r\n\r\n",
        b"Content-Length: 002\n\n",
        b"\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 2\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n",
        b"content-type:application/vscode-jsonrpc;charset=utf8\r\ncontent-length:2\r\n\r\n",
        b'Content-Type: application/json; charset="UTF-8"\r\nContent-Length: 2\r\n\r\n',
        b"Content-Type: application/vscode-jsonrpc\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_headers_that_the_grammar_permits(headers: bytes, piece: int) -> None:
    assert messages((headers + b"{}") * 3, piece=piece) == [b"{}"] * 3


@pytest.mark.parametrize("piece", [1, 1000])
@pytest.mark.parametrize(
    "data",
    [
        b"POST / HTTP/1.1\r\n",
        b"GET http://127.0.0.1:9257/ HTTP/1.1\r\n",
        b"Content-Length: 2\r\nHost: 127.0.0.1\r\n",
        b"Origin: https://example.com\r\n",
        b"X-Anything: 1\r\n",
        b"Content-Length: -2\r\n",
        b"Content-Length: +2\r\n",
        b"Content-Length: 2.0\r\n",
        b"Content-Length: \r\n",
        b"Content-Length: 0x10\r\n",
        b"Content-Length: \xd9\xa2\r\n",
        b"Content-Length: 99999999999\r\n",
        b"Content-Length: 9999999999999999999999999999\r\n",
        b"Content-Length: 2\r\nContent-Length: 2\r\n",
        b"Content-Length : 2\r\n",
        b" Content-Length: 2\r\n",
        b"Content-Length: 2\r\n folded\r\n",
        b"Content-Type: application/vscode-jsonrpc\r\n\r\n",
        b"Content-Type: text/plain\r\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-16\r\n",
        b"{}\n",
        b": 2\r\n",
        b"\x00\xff\n",
        b"x" * 1024,
        b"Content-Length: " + b" " * 2000,
    ],
)
def test_what_ends_a_connection(data: bytes, piece: int) -> None:
    with pytest.raises(FramingLost, match=r"^[A-Z'\"].*\.$") as lost:
        messages(data, piece=piece)
    assert len(str(lost.value)) < 300


@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_a_long_message_is_passed_over(piece: int) -> None:
    text = 'a "quoted" \\ line\n' * 300
    document = {"uri": "file:///ü.py", "languageId": "python", "version": 1, "text": text}
    body = json.dumps({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": document}})
    raw = body.encode()
    data = b"Content-Length: %d\r\n\r\n%bContent-Length: 2\r\n\r\n{}" % (len(raw), raw)
    long, short = messages(data, piece=piece)
    assert isinstance(long, Oversized)
    assert short == b"{}"
    assert long.length_bytes == len(raw)
    seen = long.glance
    assert (seen.id, seen.method, seen.uri) == (None, "textDocument/didOpen", "file:///ü.py")


def test_a_long_message_is_never_held() -> None:
    """The buffer does not grow with it: counted in bytes, whatever the machine does meanwhile."""
    framing = Framing(1000)
    assert list(framing.feed(b"Content-Length: 100000000\r\n\r\n")) == []
    for _ in range(100):
        assert list(framing.feed(b"x" * 65_536)) == []
        assert len(framing._buffer) == 0


def test_whether_a_message_is_complete() -> None:
    framing = Framing()
    assert framing.is_between_messages
    for data, complete in ((b"Cont", False), (b"ent-Length: 2\r\n", False), (b"\r\n{", False), (b"}", True)):
        list(framing.feed(data))
        assert framing.is_between_messages == complete


# Messages and what a glance must see of them: id, method, uri.
GLANCES = [
    ('{"id": 7, "method": "m", "params": {"text": "%s"}}' % ("x" * 50), 7, "m", None),
    ('{"params": {"textDocument": {"text": "\\\\\\"}", "uri": "u"}}, "method": "m"}', None, "m", "u"),
    ('{"params": {"other": {"uri": "u"}, "id": 3, "method": "n"}, "id": "a\\u0062", "method":"m"}', "ab", "m", None),
    ('{"params": [{"textDocument": {"uri": "u"}}], "id": [1], "method": {"x": 1}}', None, None, None),
    ('{"id": true, "method": 3}', None, None, None),
    ('{"id": 1.5}', None, None, None),
    ('{"id": -3}', -3, None, None),
    ('{"a": {"b": {"c": {"id": 1}, "d": [[[[{"id": 2}]]]]}}, "id": 4 }', 4, None, None),
    ('{"id": 5, "params": {"textDocument": {"uri": "%s"}}}' % ("u" * 5000), 5, None, None),
    ('[[[]]]]]]]]] {"id": 6', None, None, None),
]


@pytest.mark.parametrize("piece", [1, 2, 5, 10_000])
@pytest.mark.parametrize(("body", "id", "method", "uri"), GLANCES)
def test_a_glance(body: str, id: object, method: object, uri: object, piece: int) -> None:
    raw = body.encode()
    (long,) = messages(b"Content-Length: %d\r\n\r\n%b" % (len(raw), raw), piece=piece, limit=1)
    assert isinstance(long, Oversized)
    assert (long.glance.id, long.glance.method, long.glance.uri) == (id, method, uri)


def test_a_glance_looks_at_a_bounded_number_of_values() -> None:
    raw = b"[" + b"1," * 200_000 + b'{"id": 1}'
    (long,) = messages(b"Content-Length: %d\r\n\r\n%b" % (len(raw), raw))
    assert isinstance(long, Oversized)
    assert long.glance._tokens <= 100_001
