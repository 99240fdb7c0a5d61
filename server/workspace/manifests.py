"""What a project file may cost: how long it may be, and how deep, before a parser is given it."""

from __future__ import annotations

from collections.abc import Iterable

from ...model import UnreadableFile, outside
from .reading import LeftOut

MAX_MANIFEST_BYTES = 1_000_000
"""Parsers hold the interpreter: all else waits until they are done with a file."""
MAX_COMMANDS_BYTES = 32_000_000
"""A compile_commands.json is long, and parsed row by row."""

_COMMANDS = "compile_commands.json"


def manifest_limit(path: str) -> int:
    """How many bytes of a project file are read."""
    return MAX_COMMANDS_BYTES if path.rpartition("/")[2] == _COMMANDS else MAX_MANIFEST_BYTES


def bounded_text(lines: Iterable[str], limit: int) -> str:
    """The text of an open file. Raises `LeftOut` where it is too long."""
    kept: list[str] = []
    length = 0
    for line in lines:
        length += len(line)
        if length > limit:
            raise LeftOut(f"it has more than {limit:,} characters", quiet=True)
        kept.append(line)
    return "".join(kept)


def check_depth(path: str, text: str) -> None:
    """Raises `LeftOut` where a parser of the file's format would go too deep."""
    try:
        if path.endswith(".toml"):
            outside.check_toml_depth(text, name=path)
        elif path.endswith(".json"):
            outside.check_json_depth(text.encode("utf-8", "replace"), name=path)
    except UnreadableFile as error:
        raise LeftOut(f"it {error.fault}") from error
