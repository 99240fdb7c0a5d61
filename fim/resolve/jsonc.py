"""JSON with comments and trailing commas, as tsconfig.json is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

# A string is matched before what looks like a comment, or a comma, in it.
_STRING = r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"?'
_STRING_OR_COMMENT = re.compile(rf"{_STRING}|//[^\n]*|/\*", re.DOTALL)
_STRING_OR_COMMA = re.compile(rf"({_STRING})|,(?=\s*[}}\]])", re.DOTALL)


def parse_table(text: str) -> dict[str, Any]:
    """The object that the text is. Raises ValueError where it is none."""
    bare = "".join(_without_comments(text.removeprefix("\ufeff")))
    found = json.loads(_STRING_OR_COMMA.sub(lambda match: match[1] or "", bare))
    if not isinstance(found, dict):
        raise ValueError("it is not an object")
    return found


def _without_comments(text: str) -> Iterator[str]:
    place = 0
    found = _STRING_OR_COMMENT.search(text)
    while found is not None:
        is_string = found[0].startswith('"')
        yield text[place : found.end() if is_string else found.start()]
        place = found.end()
        if found[0] == "/*":
            end = text.find("*/", place)
            place = len(text) if end == -1 else end + 2
        found = _STRING_OR_COMMENT.search(text, place)
    yield text[place:]


def table(value: object) -> dict[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def texts(value: object) -> list[str]:
    """The texts in a list, or the one that stands for a list of one."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]
