"""A long JSON list, value by value: decoding all of it at once would hold the interpreter up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_WINDOW_CHARACTERS = 1 << 18
"""The longest value that is decoded."""
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def json_rows(text: str) -> Iterator[Any]:
    """The values of the list that `text` is. Raises ValueError where it is none, or one of them is too long."""
    at = _skip(text, 1 if text.startswith("\ufeff") else 0)
    if text[at : at + 1] != "[":
        raise ValueError("it is not a list")
    at = _skip(text, at + 1)
    if text[at : at + 1] == "]":
        return
    start, window = at, text[at : at + _WINDOW_CHARACTERS]
    while True:
        value, end = _decode(window, at - start)
        if end is None or end >= len(window):
            # It may go on beyond the window, or look whole because the window ends.
            start, window = at, text[at : at + _WINDOW_CHARACTERS]
            value, end = _decode(window, 0)
            if end is None:
                raise ValueError(f"there is no value at character {at}, or one of more than {_WINDOW_CHARACTERS:,}")
        yield value
        at = _skip(text, start + end)
        if text[at : at + 1] == "]":
            return
        if text[at : at + 1] != ",":
            raise ValueError(f"there is no comma at character {at}")
        at = _skip(text, at + 1)


def _decode(window: str, at: int) -> tuple[Any, int | None]:
    """The value at a place of a text and where it ends; None where it does not."""
    try:
        return _DECODER.raw_decode(window, at)
    except (ValueError, RecursionError):
        return None, None


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()
