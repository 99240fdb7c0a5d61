"""Server-sent events (HTML Living Standard, section 9.2), from bytes as they come to the data of each event.

Bounds hold on bytes, before anything is decoded or joined: a server may be broken, or hostile. It knows no connections.
"""

from __future__ import annotations

import re

from .failures import HttpFailure

MAX_LINE_BYTES = 1 << 20
MAX_EVENT_BYTES = 1 << 20
MAX_TOTAL_BYTES = 32 << 20
"""Of one answer. A token with its probabilities takes about 300 bytes."""

_LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")
"""A carriage return at the end may be half of one."""


class EventDecoder:
    """The events of one answer."""

    def __init__(self) -> None:
        self._line = bytearray()  # what has come of the next line
        self._data: list[bytes] = []  # the lines of the next event
        self._event_bytes = 0
        self._total_bytes = 0

    def feed(self, received: bytes) -> list[str]:
        """The data of all events that are complete by now. Raises `HttpFailure` where a bound is passed."""
        self._total_bytes += len(received)
        _check(self._total_bytes, MAX_TOTAL_BYTES, "an answer")
        searched = max(0, len(self._line) - 1)  # but for a carriage return nothing in it ends a line
        self._line += received
        events: list[str] = []
        start = 0
        for end in _LINE_END.finditer(self._line, searched):
            self._take(bytes(self._line[start : end.start()]), events)
            start = end.end()
        del self._line[:start]
        _check(len(self._line), MAX_LINE_BYTES, "a line")
        return events

    def _take(self, line: bytes, events: list[str]) -> None:
        """A whole line. The empty one ends an event; names of events, ids and comments say nothing here."""
        _check(len(line), MAX_LINE_BYTES, "a line")
        if not line:
            if self._data:
                events.append(b"\n".join(self._data).decode("utf-8", "replace"))
            self._data, self._event_bytes = [], 0
            return
        field, _, value = line.partition(b":")
        if field != b"data":
            return
        self._event_bytes += len(line) + 1  # an empty line of data costs, too
        _check(self._event_bytes, MAX_EVENT_BYTES, "an event")
        self._data.append(value.removeprefix(b" "))


def _check(size: int, limit: int, what: str) -> None:
    if size > limit:
        raise HttpFailure("garbage", f"sent {what} of more than {limit:,} bytes")
