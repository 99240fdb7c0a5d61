"""The only place that converts columns between code points and the units of a client's position encoding."""

from __future__ import annotations

import re
from typing import Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]
_CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2)}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_AS_LONG = "日"  # as a surrogate, three units of UTF-8 and one of UTF-16


def to_column(line: str, units: int, encoding: Encoding) -> int:
    """The column in code points of `units` code units in a line without its end.

    Beyond the end is the end (LSP 3.17, "Position"); inside a character is before it.
    """
    if units <= 0:
        return 0
    if encoding == "utf-32" or line.isascii():
        return min(units, len(line))
    codec, unit_bytes = _CODECS[encoding]
    head = line[:units]  # no character has less than one unit
    return len(_encoded(head, codec)[: unit_bytes * units].decode(codec, "ignore"))


def to_units(line: str, column: int, encoding: Encoding) -> int:
    """The code units that the first `column` code points of a line take."""
    head = line[:column]
    if encoding == "utf-32" or head.isascii():
        return len(head)
    codec, unit_bytes = _CODECS[encoding]
    return len(_encoded(head, codec)) // unit_bytes


def _encoded(text: str, codec: str) -> bytes:
    try:
        return text.encode(codec)
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can carry and no codec takes
        return _LONE_SURROGATE.sub(_AS_LONG, text).encode(codec)
