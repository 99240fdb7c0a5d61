"""JSON with comments and trailing commas, as tsconfig.json is written."""

from __future__ import annotations

import json
import re
from typing import Any

# A string is matched before what looks like a comment in it.
_NO_DATA = re.compile(r'("(?:[^"\\\n]|\\.)*")|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])', re.DOTALL)


def parse_table(text: str) -> dict[str, Any]:
    """The object that the text is. Raises ValueError where it is none."""
    found = json.loads(_NO_DATA.sub(lambda match: match[1] or "", text.removeprefix("\ufeff")))
    if not isinstance(found, dict):
        raise ValueError("it is not an object")
    return found


def table(value: object) -> dict[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def texts(value: object) -> list[str]:
    """The texts in a list, or the one that stands for a list of one."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]
