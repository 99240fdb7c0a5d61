"""What of a language's text is no code, and which lines belong together. Data: syntax.toml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from .._data import load_toml
from ..languages import Language

CLOSERS = {"(": ")", "[": "]", "{": "}"}
OPENERS = {closer: opener for opener, closer in CLOSERS.items()}

_COMMON = "*"
_BRACKETS = r"(?P<open>[(\[{])|(?P<close>[)\]}])"
_CHARACTER = r"(?P<character>'(?:\\[^'\n]{1,10}|\\'|[^'\\\n])')"
_EXPRESSION = r"(?P<expression>/(?![/*])(?:\\[^\n]|\[(?:\\[^\n]|[^\]\\\n]){0,200}\]|[^/\\\[\n]){1,500}/)"
_CONDITION = r"(?P<condition>#[ \t]{0,99}(?P<word>if|else|elif|endif))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A kind of string or comment. `end` finds what ends it, is escaped in it, or starts code in it, by the name of the
    group. `lines`: whether it may span several."""

    end: re.Pattern[str]
    lines: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Syntax:
    """One language; the fields are described in syntax.toml."""

    line_comments: tuple[str, ...]
    block_comments: tuple[tuple[str, str], ...]
    nested_comments: bool
    strings: tuple[str, ...]
    long_strings: tuple[tuple[str, str], ...]
    raw_strings: tuple[tuple[str, str], ...]
    bracketed: tuple[str, ...]
    fences: tuple[tuple[str, str], ...]
    heredoc: str
    marks: str
    interpolation: str
    interpolated: tuple[str, ...]
    characters: bool
    expressions: bool
    spaced_expressions: bool
    conditional: bool
    continues: str
    sections: str

    @cached_property
    def mark(self) -> re.Pattern[str]:
        """Finds the next character of code at which `code` is worth asking."""
        first = {start[0] for start in self.literals} | set(self.marks) | set("()[]{}")
        first |= {"'"} if self.characters else set()
        first |= {"/"} if self.expressions else set()
        return re.compile(f"[{re.escape(''.join(sorted(first)))}]")

    @cached_property
    def code(self) -> re.Pattern[str]:
        """Says of a place in code what matters to brackets; the name of the last group says what it is."""
        parts = [_CONDITION] if self.conditional else []
        parts += [f"(?P<fence{number}>{start})" for number, (start, _) in enumerate(self.fences)]
        if self.line_comments:
            parts.append(f"(?P<comment>{'|'.join(self.line_comments)})")
        if self.characters:
            parts.append(_CHARACTER)
        if self.heredoc:
            parts.append(f"(?P<heredoc>{self.heredoc})")
        if self.literals:
            starts = sorted(self.literals, key=len, reverse=True)
            parts.append(f"(?P<literal>{'|'.join(map(re.escape, starts))})")
        if self.expressions:
            parts.append(_EXPRESSION)
        return re.compile("|".join([*parts, _BRACKETS]))

    @cached_property
    def literals(self) -> Mapping[str, Literal]:
        """By what starts them."""
        found: dict[str, Literal] = {}
        for quote in self.strings:
            found[quote] = self._string(quote, quote[-1], escapes=True, lines=False)
        for start, end in self.long_strings:
            found[start] = self._string(start, end, escapes=True, lines=True)
        for start, end in self.raw_strings:
            found[start] = self._string(start, end, escapes=False, lines=True)
        for start in self.bracketed:
            for opener, closer in CLOSERS.items():
                found[start + opener] = self._string(start + opener, closer, escapes=True, lines=True, nested=opener)
        for start, end in self.block_comments:
            nested = f"|(?P<nested>{re.escape(start)})" if self.nested_comments else ""
            found[start] = Literal(end=re.compile(f"(?P<end>{re.escape(end)}){nested}"), lines=True)
        return found

    def _string(self, start: str, end: str, *, escapes: bool, lines: bool, nested: str = "") -> Literal:
        parts = [f"(?P<end>{re.escape(end)})"]
        if start in self.interpolated:
            parts.append(f"(?P<code>{self.interpolation})")
        if escapes:
            parts.append(r"(?P<escaped>\\.)")
        if nested:
            parts.append(f"(?P<nested>{re.escape(nested)})")
        return Literal(end=re.compile("|".join(parts), re.DOTALL), lines=lines)

    def is_comment(self, line: str) -> bool:
        """Whether a line is nothing but a comment."""
        return bool(self.line_comments) and self._comment.match(line.lstrip()) is not None

    @cached_property
    def _comment(self) -> re.Pattern[str]:
        return re.compile("|".join(self.line_comments))

    @cached_property
    def continuing(self) -> re.Pattern[str]:
        return re.compile(self.continues)

    @cached_property
    def section(self) -> re.Pattern[str]:
        return re.compile(self.sections)


@cache
def all_syntaxes() -> Mapping[str, Syntax]:
    """By the name of the language; "*" is the one of text of none that is known."""
    rows = load_toml("completion/syntax.toml")
    common = rows.pop(_COMMON)
    syntaxes = {_COMMON: Syntax(**_fields(common))}
    for name, row in rows.items():
        syntaxes[name] = Syntax(**_fields({**common, **row}))
    return syntaxes


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, value in row.items():
        is_list = isinstance(value, list)
        fields[key] = tuple(tuple(entry) if isinstance(entry, list) else entry for entry in value) if is_list else value
    return fields


@cache
def syntax_of(language: Language | None) -> Syntax:
    """How to scan a language, or text of none that is known."""
    every = all_syntaxes()
    return every.get(language.name if language else _COMMON, every[_COMMON])
