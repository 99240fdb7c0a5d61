"""The rules of secrets.toml, compiled: what a secret looks like, and what only looks like one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import re2
import tomli

MAX_LINES = 5
"""So many lines a secret may take that is written in pieces."""

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_OPTIONS.max_mem = 8 << 20  # for each pattern; beyond, RE2 forgets states and makes them anew

_QUOTES = b"\"'`\\"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What a value must be to count as a secret. `needs`: sets of kinds of characters, one of which it has whole."""

    least: int
    distinct: int
    entropy_bits: float
    needs: tuple[frozenset[str], ...]
    unlike: Any

    def holds(self, literal: bytes) -> bool:
        """Whether a literal, with its quotes and perhaps in pieces, is a secret."""
        value = _joined(literal)
        if len(value) < self.least or len(set(value)) < self.distinct:
            return False
        if self.needs:
            kinds = _kinds(value)
            if not any(need <= kinds for need in self.needs):
                return False
        if self.entropy_bits and _entropy_bits(value) < self.entropy_bits:
            return False
        return self.unlike is None or self.unlike.search(value) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row. What follows a finding is hidden too: up to `end` within `most` lines; without an end, the lines that
    look like `inside`, or that are `indented` more."""

    name: str
    files: tuple[str, ...]
    pattern: Any
    value: Value | None
    end: Any
    inside: Any
    most: int
    indented: bool
    is_plain: bool
    """That the pattern is in a line is all there is to know."""


class Group:
    """Rules that are looked for together, in one pass over a text. `near` finds what none of them holds without.

    `lines`: how many lines a secret may take.
    """

    def __init__(
        self, rows: Mapping[str, Any], values: Mapping[str, Value], parts: Mapping[str, str], lines: int
    ) -> None:
        self.lines = lines
        words = sorted({word for row in rows.values() for word in row["near"]})
        self.near = compiled("(?i)" + "|".join(words))
        self.rules: list[Rule] = []
        self._set = re2.Set.SearchSet(_OPTIONS)
        for name, row in rows.items():
            pattern = filled(row["pattern"], parts)
            self._set.Add(pattern.encode("latin-1"))
            self.rules.append(_rule(name, row, pattern, values))
        self._set.Compile()

    def rules_in(self, text: bytes, name: str) -> Iterator[Rule]:
        """The rules whose pattern is in the text of a file called `name`."""
        for index in self._set.Match(text) or ():
            rule = self.rules[index]
            if not rule.files or name.endswith(rule.files):
                yield rule


@cache
def table() -> dict[str, Any]:
    return tomli.loads(Path(__file__).with_name("secrets.toml").read_text("utf-8"))


@cache
def groups() -> tuple[Group, ...]:
    """All rules. The fewer of them are looked for together, and in the fewer lines, the fewer states RE2 makes."""
    data = table()
    parts: dict[str, str] = {}
    for name, part in data["parts"].items():
        parts[name] = filled(part, parts)
    values = {name: _value(row, data["look_alikes"]) for name, row in data["values"].items()}
    rows: dict[tuple[bool, bool, bool], dict[str, Any]] = {}
    for name, row in data["rules"].items():
        kind = row.get("lines", False), "value" in row, row.get("near_apart", False)
        rows.setdefault(kind, {})[name] = row
    return tuple(Group(rows[kind], values, parts, MAX_LINES if kind[0] else 1) for kind in sorted(rows))


def compiled(pattern: str) -> Any:
    """A pattern over text as `without_secrets` makes it of a file: one byte for each character."""
    return re2.compile(pattern.encode("latin-1"), _OPTIONS)


def filled(pattern: str, parts: Mapping[str, str]) -> str:
    """A pattern with the parts that it names: `<<string>>`."""
    for name, part in parts.items():
        pattern = pattern.replace(f"<<{name}>>", f"(?:{part})")
    return pattern


def _rule(name: str, row: Mapping[str, Any], pattern: str, values: Mapping[str, Value]) -> Rule:
    return Rule(
        name=name,
        files=tuple(row.get("files", ())),
        pattern=compiled(pattern),
        value=values[row["value"]] if "value" in row else None,
        end=compiled(row["end"]) if "end" in row else None,
        inside=compiled(row["inside"]) if "inside" in row else None,
        most=row.get("most", 0),
        indented=row.get("indented", False),
        is_plain=not row.keys() & {"value", "lines", "end", "inside", "indented"},
    )


def _value(row: Mapping[str, Any], look_alikes: Mapping[str, str]) -> Value:
    unlike: Sequence[str] = row.get("unlike", ())
    return Value(
        least=row["least"],
        distinct=row.get("distinct", 1),
        entropy_bits=row.get("entropy_bits", 0.0),
        needs=tuple(frozenset(need) for need in row.get("needs", ())),
        unlike=compiled("|".join(look_alikes[name] for name in unlike)) if unlike else None,
    )


def _joined(literal: bytes) -> bytes:
    """What a literal says: without its quotes, and those between its pieces."""
    if literal[:1] not in (b'"', b"'", b"`", b"\\"):
        return literal
    return _BETWEEN.sub(b"", literal).strip(_QUOTES)


def _kinds(value: bytes) -> frozenset[str]:
    kinds = {_KIND_OF[byte] for byte in set(value)}
    return frozenset(kinds)


def _kind(byte: int) -> str:
    character = chr(byte)
    if character.isdigit():
        return "digit"
    if character.isalpha():
        return "lower" if character.islower() else "upper"
    return "space" if character.isspace() else "symbol"


def _entropy_bits(value: bytes) -> float:
    """Shannon's entropy, in bits a character."""
    shares = (count / len(value) for count in Counter(value).values())
    return -sum(share * math.log2(share) for share in shares)


_KIND_OF = tuple(_kind(byte) for byte in range(256))
_BETWEEN = compiled(r"""\\?["'`][ \t]*[+.&~]{0,2}[ \t]*\\?\s*[+.&~]{0,2}[ \t]*[A-Za-z@]{0,2}\\?["'`]""")
