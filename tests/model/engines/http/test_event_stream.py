"""Server-sent events: the same ones however the bytes are cut, and bounds before anything is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seekline.model.engines.http.event_stream import MAX_EVENT_BYTES, MAX_LINE_BYTES, MAX_TOTAL_BYTES, EventDecoder
from seekline.model.engines.http.failures import HttpFailure

STREAM = (
    ": a comment\r\n\r\n"
    'data: {"a": 1}\r\n\r\n'
    "event: x\nid: 7\ndata:first\ndata: second\n\n"
    "retry: 3\n\n"
    "data\n\n"
    "data: é🙂\r\r"
    "data: [DONE]\n\n"
    "data: cut off"
).encode()
EVENTS = ['{"a": 1}', "first\nsecond", "", "é🙂", "[DONE]"]


@given(cuts=st.lists(st.integers(min_value=0, max_value=len(STREAM)), max_size=20).map(sorted))
def test_events_are_the_same_however_the_bytes_are_cut(cuts: list[int]) -> None:
    decoder, found = EventDecoder(), list[str]()
    for start, end in zip([0, *cuts], [*cuts, len(STREAM)], strict=True):
        found += decoder.feed(STREAM[start:end])
    assert found == EVENTS


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_any_bytes_are_read(parts: list[bytes]) -> None:
    decoder = EventDecoder()
    one_by_one = [event for part in parts for event in decoder.feed(part)]
    assert one_by_one == EventDecoder().feed(b"".join(parts))


@pytest.mark.parametrize(
    ("part", "limit"),
    [
        (b"x" * 1000, MAX_LINE_BYTES),
        (b"data: " + b"x" * 1000, MAX_LINE_BYTES),
        (b"data: " + b"x" * 994 + b"\n", MAX_EVENT_BYTES),
        (b"data\n", MAX_EVENT_BYTES),
        (b": " + b"x" * 100_000 + b"\n", MAX_TOTAL_BYTES),
        (b"data: x\n\n" * 10_000, MAX_TOTAL_BYTES),
    ],
    ids=["line", "line of data", "event", "event of empty lines", "comments", "events"],
)
def test_what_has_no_end_is_given_up(part: bytes, limit: int) -> None:
    decoder = EventDecoder()
    parts = limit // len(part)
    for _ in range(parts - 1):
        decoder.feed(part)
    with pytest.raises(HttpFailure, match=f"more than {limit:,} bytes"):
        decoder.feed(2 * part + 1000 * part[:1])
