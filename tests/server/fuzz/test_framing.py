"""Whatever bytes come, in whatever pieces: messages or one clear end, the same as in one piece, and nothing held."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from seekline.server.lsp.framing import Framing, FramingLost, Oversized
from seekline.server.lsp.jsonrpc import Refusal, read_message

fixed = settings(max_examples=1000, derandomize=True, database=None, deadline=None)
LIMIT = 200

names = st.sampled_from(["Content-Length", "content-length", "CONTENT-LENGTH", "Content-Type", "Host", "X", ""])
values = st.one_of(
    st.integers(-3, 300).map(str),
    st.sampled_from(["application/vscode-jsonrpc; charset=utf-8", "text/plain", "", "9" * 30]),
    st.text(max_size=5),
)
ends = st.sampled_from(["\r\n", "\n"])
headers = st.builds(
    lambda name, colon, value, end: f"{name}{colon}{value}{end}".encode(),
    names,
    st.sampled_from([":", ": ", " : ", ""]),
    values,
    ends,
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20))
json_values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                ["jsonrpc", "id", "method", "params", "textDocument", "uri", "text", "result", "error", "x"]
            ),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=20,
)
bodies = st.one_of(json_values.map(lambda value: json.dumps(value).encode()), st.binary(max_size=300))
well_framed = bodies.map(lambda body: b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
pieces = st.one_of(well_framed, headers, st.sampled_from([b"\r\n", b"\n", b"{}"]), st.binary(max_size=30))


def outcome(data: bytes, cuts: list[int]) -> list[object]:
    """Everything that comes out of `data`, fed in pieces that end at `cuts`."""
    framing = Framing(LIMIT)
    made: list[object] = []
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    try:
        for start, end in pairwise(places):
            for message in framing.feed(data[start:end]):
                if isinstance(message, Oversized):
                    seen = message.glance
                    made.append((message.length_bytes, seen.id, seen.method, seen.uri))
                else:
                    assert len(message) <= LIMIT
                    made.append(message)
            assert len(framing._buffer) <= max(LIMIT, 1024)
    except FramingLost as lost:
        made.append(str(lost))
    return made


@fixed
@given(st.lists(pieces, max_size=8).map(b"".join), st.lists(st.integers(0, 2000), max_size=10))
def test_pieces_make_no_difference(data: bytes, cuts: list[int]) -> None:
    assert outcome(data, cuts) == outcome(data, [])


@fixed
@given(st.lists(bodies, max_size=6), st.lists(st.integers(0, 2000), max_size=10))
def test_what_is_framed_well_comes_out(said: list[bytes], cuts: list[int]) -> None:
    data = b"".join(b"content-length:%d\r\n\r\n%b" % (len(body), body) for body in said)
    lengths = [made[0] if isinstance(made, tuple) else len(made) for made in outcome(data, cuts)]  # type: ignore[arg-type]
    assert lengths == [len(body) for body in said]


@fixed
@given(json_values, st.lists(st.integers(0, 3000), max_size=10))
def test_a_glance_sees_what_json_says(value: Any, cuts: list[int]) -> None:
    body = json.dumps(value).encode() + b" " * LIMIT
    ((_, id, method, uri),) = outcome(b"Content-Length: %d\r\n\r\n%b" % (len(body), body), cuts)  # type: ignore[misc]
    said = value if isinstance(value, dict) else {}
    whole = said.get("id")
    assert id == (whole if isinstance(whole, str) or type(whole) is int else None)
    assert method == (said.get("method") if isinstance(said.get("method"), str) else None)
    params = said.get("params")
    document = params.get("textDocument") if isinstance(params, dict) else None
    place = document.get("uri") if isinstance(document, dict) else None
    assert uri == (place if isinstance(place, str) else None)


@fixed
@given(bodies, st.sampled_from([0, 20_000]))
def test_every_body_is_a_message_or_refused(body: bytes, padding: int) -> None:
    message = read_message(body + b" " * padding)
    if isinstance(message, Refusal):
        assert message.code in (-32700, -32600)
        return
    assert message["jsonrpc"] == "2.0"
    assert isinstance(message.get("method", ""), str)
    assert isinstance(message.get("id", 0), (int, str))
    assert "method" in message or "id" in message
