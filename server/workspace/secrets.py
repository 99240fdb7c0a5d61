"""Secrets: which files are left out by name, which lines of others come out of reading empty. Data: secrets.toml."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import tomli

from .ignore import Rules

_BEFORE_CHARACTERS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class _LinePattern:
    near: tuple[str, ...]
    files: tuple[str, ...]
    pattern: re.Pattern[str]
    before: re.Pattern[str]

    def find(self, text: str) -> Iterator[re.Match[str]]:
        for found in self.pattern.finditer(text):
            if self.before.search(text, max(0, found.start() - _BEFORE_CHARACTERS), found.start()):
                yield found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    near: tuple[str, ...]
    begin: re.Pattern[str]
    end: re.Pattern[str]
    inside: re.Pattern[str]
    most: int


@cache
def _table() -> dict[str, Any]:
    return tomli.loads(Path(__file__).with_name("secrets.toml").read_text("utf-8"))


@cache
def secret_names() -> Rules:
    """The files and folders that are left out by name."""
    return Rules(_table()["names"], source="secrets.toml", fold=True)


@cache
def _line_patterns() -> tuple[_LinePattern, ...]:
    return tuple(
        _LinePattern(
            near=tuple(row["near"]),
            files=tuple(row.get("files", ())),
            pattern=re.compile(row["pattern"], re.MULTILINE),
            before=re.compile(row.get("before", "")),
        )
        for row in _table()["lines"].values()
    )


@cache
def _blocks() -> tuple[_Block, ...]:
    return tuple(
        _Block(
            near=tuple(row["near"]),
            begin=re.compile(row["begin"]),
            end=re.compile(row["end"]),
            inside=re.compile(row["inside"]),
            most=row["most"],
        )
        for row in _table()["blocks"]
    )


def without_secrets(lines: Sequence[str], name: str) -> tuple[str, ...]:
    """The lines of a file, with nothing but the line end where there was a secret. `name`: the file's."""
    text = "".join(lines)
    hidden = {*_in_lines(text, lines, name.lower()), *_in_blocks(text, lines)}
    if not hidden:
        return tuple(lines)
    return tuple(line[len(line.rstrip("\r\n")) :] if number in hidden else line for number, line in enumerate(lines))


def _in_lines(text: str, lines: Sequence[str], name: str) -> Iterator[int]:
    lower = text.lower()
    starts: list[int] | None = None
    for row in _line_patterns():
        if (row.files and not name.endswith(row.files)) or not any(word in lower for word in row.near):
            continue
        for found in row.find(text):
            starts = starts or [0, *accumulate(map(len, lines))]
            first = bisect_right(starts, found.start()) - 1
            yield from range(first, max(first + 1, bisect_right(starts, found.end() - 1)))


def _in_blocks(text: str, lines: Sequence[str]) -> Iterator[int]:
    lower: str | None = None
    for block in _blocks():
        lower = lower or text.lower()
        if any(word in lower for word in block.near):
            for number, line in enumerate(lines):
                if block.begin.search(line):
                    yield from range(number, _end_of_block(block, lines, number))


def _end_of_block(block: _Block, lines: Sequence[str], first: int) -> int:
    """The line after the block that begins in line `first`."""
    for number in range(first, min(first + block.most, len(lines))):
        if block.end.search(lines[number]):
            return number + 1
    number = first + 1
    while number < len(lines) and block.inside.match(lines[number]):
        number += 1
    return number
