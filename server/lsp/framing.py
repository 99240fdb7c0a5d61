"""Bytes of a client in, bodies of messages out (LSP 3.17, "Base Protocol"); knows no JSON beyond a glance, and no I/O.

Headers are read as HTTP has them: names in any case, spaces around values or none, lines that end with CRLF or LF (RFC
9112, 2.2 and 5). What no LSP client sends, such as a request line or `Host`, ends the connection: that is how web pages
reach a port of this machine. So do headers after which nobody knows where the next message begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .glance import Glance

MAX_MESSAGE_BYTES = 4_000_000
"""Four times what is read of a file on the disk, so that escapes fit. Text of that length is parsed in some 20 ms, in
which nothing else runs in this process."""

_MAX_ANNOUNCED_BYTES = 1 << 30
_MAX_LINE_BYTES = 1024
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_CONTENT_TYPE = re.compile(rb"application/[\w.+-]+(?:[ \t]*;[ \t]*charset=(?:\"utf-?8\"|utf-?8))?", re.IGNORECASE)


class FramingLost(Exception):
    """Where the next message begins cannot be known, or whoever sends this is no LSP client. A whole sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Oversized:
    """A message that was read past and kept nowhere; `glance` is what was seen of it."""

    length_bytes: int
    glance: Glance


class Framing:
    """Cuts what a client sends into messages. It holds one message at most, and none over `limit_bytes`."""

    def __init__(self, limit_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._buffer = bytearray()
        self._length: int | None = None
        self._typed = False
        self._body_bytes: int | None = None
        """The length of the body that is being read; None among headers."""
        self._past: Glance | None = None
        """What is seen of a body that is too long to keep."""
        self._past_bytes = 0

    @property
    def is_between_messages(self) -> bool:
        """False where an end of input would cut a message short."""
        return self._body_bytes is None and self._length is None and not self._buffer

    def feed(self, data: bytes) -> Iterator[bytes | Oversized]:
        """The messages that `data` completes. Raises `FramingLost`, after which nothing more can be fed."""
        self._buffer += data
        while True:
            if self._body_bytes is None:
                if not self._read_headers():
                    return
            elif self._past is not None:
                if not self._read_past(self._past, self._body_bytes):
                    return
                yield Oversized(length_bytes=self._body_bytes, glance=self._past)
                self._past = self._body_bytes = None
            elif len(self._buffer) < self._body_bytes:
                return
            else:
                body = bytes(self._buffer[: self._body_bytes])
                del self._buffer[: self._body_bytes]
                self._body_bytes = None
                yield body

    def _read_headers(self) -> bool:
        """Reads on to the body; False where more bytes are needed for that."""
        while self._body_bytes is None:
            end = self._buffer.find(b"\n", 0, _MAX_LINE_BYTES)
            if end < 0:
                if len(self._buffer) >= _MAX_LINE_BYTES:
                    raise FramingLost(f"A header is longer than {_MAX_LINE_BYTES} bytes.")
                return False
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._read_line(line[:-1] if line.endswith(b"\r") else line)
        return True

    def _read_line(self, line: bytes) -> None:
        if line:
            self._read_header(line)
        elif self._length is not None:
            self._body_bytes, self._length, self._typed = self._length, None, False
            if self._body_bytes > self._limit_bytes:
                from .glance import Glance  # which most sessions never need

                self._past, self._past_bytes = Glance(), 0
        elif self._typed:
            raise FramingLost("A message has no Content-Length.")
        # Else it is an empty line before the headers, as some clients leave one after a body.

    def _read_header(self, line: bytes) -> None:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise FramingLost(f"{_shown(line)} is no header of LSP.")
        name, value = header[1].lower(), header[2]
        if name == b"content-length":
            if self._length is not None:
                raise FramingLost("A message has two Content-Lengths.")
            if not _LENGTH.fullmatch(value) or int(value) > _MAX_ANNOUNCED_BYTES:
                raise FramingLost(f"{_shown(value)} is no length of a message, up to {_MAX_ANNOUNCED_BYTES} bytes.")
            self._length = int(value)
        elif name == b"content-type":
            if self._typed or not _CONTENT_TYPE.fullmatch(value):
                raise FramingLost(f"{_shown(line)} is no type of LSP's messages, which are JSON in UTF-8.")
            self._typed = True
        else:
            raise FramingLost(f"{_shown(line)} is no header of LSP.")

    def _read_past(self, glance: Glance, body_bytes: int) -> bool:
        """Passes over what has come of a body; False where more of it is to come."""
        part = bytes(self._buffer[: body_bytes - self._past_bytes])
        del self._buffer[: len(part)]
        self._past_bytes += len(part)
        glance.feed(part)
        return self._past_bytes == body_bytes


def _shown(line: bytes) -> str:
    """As much of what a stranger sends as belongs into a log."""
    return ascii(line[:60].decode("latin-1"))
