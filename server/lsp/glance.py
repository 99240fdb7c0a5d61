"""What a message is about that is too long to be kept: its `id`, its `method` and the `uri` of its document or
notebook.

It is read piece by piece as it comes, in constant memory, and no longer than a bounded number of values: the text of a
document, however long, is one value.
"""

from __future__ import annotations

import json
import re

import re2

_MAX_TOKENS = 100_000
_MAX_CAPTURED_BYTES = 4096
_PATHS = {
    ("id",): "id",
    ("method",): "method",
    ("params", "textDocument", "uri"): "uri",
    ("params", "notebookDocument", "uri"): "uri",
}
_DEPTH = 3
"""The length of the longest path."""

_STRUCTURE = re.compile(rb'["{}\[\],:]')
# To the closing quote, or as far as the piece goes; a backslash at its very end waits for the next one.
_IN_STRING = re2.compile(rb'(?s)[^"\\]*(?:\\.[^"\\]*)*')


class Glance:
    """`id`, `method` and `uri` are None until they were seen, and where they are not of the right type."""

    def __init__(self) -> None:
        self.id: int | str | None = None
        self.method: str | None = None
        self.uri: str | None = None
        self._rest = b""  # of the last piece
        self._tokens = 0
        self._depth = 0
        self._keys: list[str | None] = []  # of the objects around, to `_DEPTH`; None in an array
        self._is_object: list[bool] = []
        self._key_comes = False
        self._string: bytearray | None = None
        self._literal: bytearray | None = None

    def feed(self, piece: bytes) -> None:
        """Looks at the next piece of the message."""
        if self._tokens > _MAX_TOKENS:
            return
        piece = self._rest + piece
        self._rest = b""
        at = 0
        while at < len(piece) and self._tokens <= _MAX_TOKENS:
            at = self._between(piece, at) if self._string is None else self._in_string(self._string, piece, at)

    def _in_string(self, string: bytearray, piece: bytes, at: int) -> int:
        match = _IN_STRING.match(piece, at)
        end = at if match is None else match.end()
        if len(string) <= _MAX_CAPTURED_BYTES:
            string += piece[at : min(end, at + _MAX_CAPTURED_BYTES + 1)]
        if end < len(piece) and piece[end : end + 1] == b'"':
            self._string = None
            self._value_ends(b'"%b"' % string if len(string) <= _MAX_CAPTURED_BYTES else b"")
            return end + 1
        self._rest = piece[end:]
        return len(piece)

    def _between(self, piece: bytes, at: int) -> int:
        """Goes on to behind the next character that gives JSON its structure."""
        match = _STRUCTURE.search(piece, at)
        end = len(piece) if match is None else match.start()
        if self._literal is not None and len(self._literal) <= _MAX_CAPTURED_BYTES:
            self._literal += piece[at : min(end, at + _MAX_CAPTURED_BYTES + 1)]
        if match is None:
            return end
        self._tokens += 1
        self._structure(match[0])
        return end + 1

    def _structure(self, character: bytes) -> None:
        if character == b'"':
            self._string, self._literal = bytearray(), None
        elif character in b"{[":
            self._literal = None
            self._depth += 1
            if self._depth <= _DEPTH:
                self._keys.append(None)
                self._is_object.append(character == b"{")
            self._key_comes = character == b"{"
        elif character == b":":
            self._key_comes, self._literal = False, bytearray()
        else:
            if self._literal is not None:
                self._value_ends(bytes(self._literal))
            if character == b",":
                self._key_comes = self._depth <= _DEPTH and bool(self._is_object) and self._is_object[-1]
            else:
                self._close()

    def _close(self) -> None:
        if 0 < self._depth <= _DEPTH:
            self._keys.pop()
            self._is_object.pop()
        self._depth = max(0, self._depth - 1)

    def _value_ends(self, raw: bytes) -> None:
        """A string or a literal has ended: it is the key of the next value, or one of the values looked for."""
        self._literal = None
        if self._depth > _DEPTH or not self._keys:
            return
        if self._key_comes:
            key = _value(raw)
            self._keys[-1] = key if isinstance(key, str) else None
            return
        path = tuple(key for key in self._keys if key is not None)
        name = _PATHS.get(path) if len(path) == len(self._keys) else None
        value = _value(raw) if name is not None else None
        if name == "id" and isinstance(value, int) and not isinstance(value, bool):
            self.id = value
        elif name is not None and isinstance(value, str):
            setattr(self, name, value)


def _value(raw: bytes) -> object:
    try:
        return json.loads(raw.decode("utf-8"))
    except ValueError:
        return None
