"""What may be set, in words: for error messages, and for the table in the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .field import Others
from .settings import Settings, others_may, schema


def expected(key: str) -> str:
    """What the value of `key` may be, in words, from the schema."""
    return _in_words(schema()["properties"][key])


def _in_words(part: Mapping[str, Any]) -> str:
    if "x-expected" in part:
        return part["x-expected"]
    if options := part.get("anyOf"):
        return " or ".join(map(_in_words, options))
    if "const" in part:
        return f'"{part["const"]}"'
    if choices := part.get("enum"):
        return "one of " + ", ".join(f'"{choice}"' for choice in choices)
    if part["type"] == "array":
        return f"a list, each item {_in_words(part['items'])}"
    if part["type"] == "object":
        return f"a table, each value {_in_words(part['additionalProperties'])}"
    if part["type"] in ("integer", "number"):
        kind = "a whole number" if part["type"] == "integer" else "a number"
        return f"{kind} from {part['minimum']} to {part['maximum']}"
    return "true or false" if part["type"] == "boolean" else "a text"


_NOTES: Mapping[Others, str] = {
    "nothing": " Only from your own file and the command line.",
    "ask": " A folder that a workspace or an editor names is loaded once you have agreed to it.",
    "add": " A workspace and an editor can only add to them.",
    "set": "",
}


def markdown_table() -> str:
    """The table of settings in the documentation."""
    rows = ["| key | default | what it does |", "| --- | --- | --- |"]
    for key, field in Settings.model_fields.items():
        default = _as_toml(field.default)
        rows.append(f"| `{key}` | `{default}` | {field.description}{_NOTES[others_may(key)]} |")
    return "\n".join(rows) + "\n"


def _as_toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_as_toml, value)) + "]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{k} = {_as_toml(v)}" for k, v in value.items()) + " }" if value else "{}"
    return f'"{value}"' if isinstance(value, str) else str(value)
