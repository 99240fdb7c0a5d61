"""What stands around the cursor: the definitions that enclose it, and the names and expressions near it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, islice
from sys import getsizeof

from ..code import Definition, Grammar, Outline, Variable, read_source
from ..resolve import Kept, ReadSource
from ..text import Cursor, Document, indentation, stretches
from .names.chains import CHAIN, chain_before, continued, open_calls, open_literal
from .names.usage import Uses, members_used

NEAR_LINES = 50
_HALF_LIFE_LINES = 8
_AWAITED_LINES = 12
_CALL_LINES = 12
_CALLS = 3
_LITERAL_LINES = 40
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SHORT_CHARACTERS = 100
_KEPT_AS = "other lines"
_DEFINITION_BYTES, _IMPORT_BYTES, _VARIABLE_BYTES = 900, 500, 250
_WORD_BYTES, _USE_BYTES = 150, 450
_WINDOW_LINES = 4000
WHOLE_LINES = 2 * _WINDOW_LINES  # of a longer document, only what is around the cursor is parsed, and its head


@dataclass(frozen=True, kw_only=True)
class Scope:
    """A cursor in its document. The cursor's line is not part of `outline` and `variables`: what is being typed is
    seldom valid syntax, and so nothing is parsed again until the cursor leaves the line."""

    document: Document
    cursor: Cursor
    grammar: Grammar
    outline: Outline
    variables: tuple[Variable, ...]
    counts: Mapping[str, int]
    """How often each identifier occurs in the other lines of the document."""
    uses: Uses
    """The members that these lines use with each name."""

    @cached_property
    def enclosing(self) -> tuple[int, ...]:
        """The definitions around the cursor, by their number in the outline, the innermost last."""
        return tuple(number for number, one in enumerate(self.outline.definitions) if self._encloses(one))

    def _encloses(self, definition: Definition) -> bool:
        line = self.cursor.line
        if definition.kind == "field" or definition.head[0] > line:
            return False
        if line < definition.end:
            return True
        # Where indentation makes the block, a line that is being written at its end belongs to it too.
        lines = self.document.lines
        between = lines[definition.end : line]
        own, head = self.document.before(self.cursor), lines[definition.head[0]]
        return not any(map(str.strip, between)) and len(indentation(own)) > len(indentation(head))

    @cached_property
    def function(self) -> Definition | None:
        """The innermost function around the cursor."""
        around = (self.outline.definitions[number] for number in reversed(self.enclosing))
        return next((definition for definition in around if definition.kind == "function"), None)

    @cached_property
    def type_name(self) -> str | None:
        """The type whose member the cursor is in."""
        for number in reversed(self.enclosing):
            definition = self.outline.definitions[number]
            if definition.kind in ("class", "scope"):
                return definition.name
            if definition.owner:
                return definition.owner
        return None

    @cached_property
    def receiver(self) -> tuple[str, str] | None:
        """The expression whose member is being written at the cursor, and what is written of the member."""
        lines = self.document.lines[: self.cursor.line]
        text = continued(lines, self.document.before(self.cursor), self.grammar.comment_marks)
        return chain_before(text, colon=self.grammar.colon_calls)

    @cached_property
    def open_calls(self) -> tuple[str, ...]:
        """The functions whose arguments are being written at the cursor, the innermost first."""
        above = self.document.lines[max(0, self.cursor.line - _CALL_LINES) : self.cursor.line]
        return tuple(islice(open_calls([*above, self.document.before(self.cursor)]), _CALLS))

    @cached_property
    def literal(self) -> str | None:
        """The type of the literal whose fields are being written at the cursor."""
        above = self.document.lines[max(0, self.cursor.line - _LITERAL_LINES) : self.cursor.line]
        return open_literal([*above, self.document.before(self.cursor)], self.grammar.value_expected)

    def near(self) -> Iterator[tuple[str, float]]:
        """The lines around the cursor and how near they are, from 1 down. Imports do not count."""
        first = max(0, self.cursor.line - NEAR_LINES)
        imports: set[int] = set()
        for item in self.outline.imports:
            imports.update(range(*item.lines))
        for number in range(first, min(len(self.document.lines), self.cursor.line + NEAR_LINES + 1)):
            if number == self.cursor.line:
                yield self.document.before(self.cursor), 1.0
                yield self.document.after(self.cursor), 0.9
            elif number not in imports:
                yield self.document.lines[number], self._nearness(number)

    def _nearness(self, number: int) -> float:
        distance = abs(number - self.cursor.line)
        weight = 1 / (1 + distance / _HALF_LIFE_LINES)
        around = self.function
        if around is not None and not around.head[0] <= number < around.end:
            weight *= 0.7
        return weight

    @cached_property
    def words(self) -> Mapping[str, float]:
        """The identifiers near the cursor, each with its greatest nearness."""
        found: dict[str, float] = {}
        for line, weight in self.near():
            for word in _WORD.findall(line):
                for name in {word, word.lstrip("$")}:  # a mark of a variable (PHP), or a part of its name
                    if found.get(name, 0) < weight:
                        found[name] = weight
        return found

    @cached_property
    def chains(self) -> Mapping[str, float]:
        """The expressions near the cursor that are chains of names, each with its greatest nearness."""
        found: dict[str, float] = {}
        for line, weight in self.near():
            for match in CHAIN.finditer(line):
                if found.get(match[0], 0) < weight:
                    found[match[0]] = weight
        return found

    @cached_property
    def parts(self) -> Mapping[str, float]:
        """The words that the identifiers near the cursor are made of."""
        found: dict[str, float] = {}
        for word, weight in self.words.items():
            for part in parts_of(word):
                if found.get(part, 0) < weight:
                    found[part] = weight
        return found

    @cached_property
    def awaited(self) -> frozenset[str]:
        """The parts of identifiers that the next lines use and nothing above in the function: what is written here
        may be what makes them."""
        line, lines, around = self.cursor.line, self.document.lines, self.function
        first, end = (around.head[0], around.end) if around else (max(0, line - NEAR_LINES), len(lines))
        above = set(_WORD.findall("".join(lines[first:line])))
        below = set(_WORD.findall("".join(lines[line + 1 : min(end, line + 1 + _AWAITED_LINES)])))
        return _parts_of_all(below - above)

    @cached_property
    def beginning(self) -> frozenset[str]:
        """The parts of what stands on the cursor's line before it."""
        before = self.document.before(self.cursor)
        return _parts_of_all(_WORD.findall(before))

    @cached_property
    def purpose(self) -> frozenset[str]:
        """The parts of the names of what encloses the cursor."""
        return _parts_of_all(self.outline.definitions[number].name for number in self.enclosing)


def word_of(name: str) -> str:
    """What stands of a name wherever it is used: Ruby writes `valid?` and `value=`."""
    return name.rstrip("?!=")


def parts_of(name: str) -> tuple[str, ...]:
    """The words in an identifier: `readHTTPBody` and `read_http_body` have the same."""
    return _parts_of_short(name) if len(name) <= _SHORT_CHARACTERS else _parts_of(name)


# Remembered for all projects: short names alone, which take some ten megabytes at most.
@lru_cache(32768)
def _parts_of_short(name: str) -> tuple[str, ...]:
    return _parts_of(name)


def _parts_of(name: str) -> tuple[str, ...]:
    return tuple(part.lower() for part in _PARTS.findall(name) if len(part) > 1)


def _parts_of_all(names: Iterable[str]) -> frozenset[str]:
    return frozenset(chain.from_iterable(map(parts_of, names)))


@dataclass(frozen=True, kw_only=True)
class OtherLines:
    """What a document says in its lines but the cursor's; `grammar`, `comment` and `read` tell how it was read."""

    lines: tuple[str, ...]
    grammar: Grammar
    comment: str | None
    read: ReadSource
    outline: Outline
    variables: tuple[Variable, ...]
    counts: Mapping[str, int]
    uses: Uses

    @property
    def size_bytes(self) -> int:
        """What it takes in memory, estimated by the measured sizes of its parts."""
        lines = 8 * len(self.lines) + sum(map(getsizeof, self.lines))
        definitions = _DEFINITION_BYTES * len(self.outline.definitions) + _IMPORT_BYTES * len(self.outline.imports)
        words = _WORD_BYTES * len(self.counts) + _USE_BYTES * len(self.uses)
        return lines + definitions + _VARIABLE_BYTES * len(self.variables) + words


def read_scope(
    document: Document,
    cursor: Cursor,
    grammar: Grammar,
    read: ReadSource = read_source,
    kept: Kept | None = None,
) -> Scope:
    """What stands around a cursor. `read`: what reads source text; the same one each time, or nothing is remembered.
    `kept`: where it is remembered until the cursor leaves its line."""
    others = _other_lines(document, cursor, grammar, read, kept)
    return Scope(
        document=document,
        cursor=cursor,
        grammar=grammar,
        outline=others.outline,
        variables=others.variables,
        counts=others.counts,
        uses=others.uses,
    )


def _other_lines(
    document: Document, cursor: Cursor, grammar: Grammar, read: ReadSource, kept: Kept | None
) -> OtherLines:
    comment = document.language.line_comment if document.language else None
    lines = _without_line(document.lines, cursor.line)
    known: OtherLines | None = kept.get(document.path, _KEPT_AS) if kept is not None else None
    how = grammar, comment, read
    if known is not None and (known.grammar, known.comment, known.read) == how and known.lines == lines:
        return known
    outline, variables = read(lines, grammar, comment)
    found = OtherLines(
        lines=lines,
        grammar=grammar,
        comment=comment,
        read=read,
        outline=outline,
        variables=variables,
        counts=_count_words(lines),
        uses=members_used(lines),
    )
    if kept is not None:
        kept.put(document.path, _KEPT_AS, found)
    return found


def _count_words(lines: tuple[str, ...]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for text in stretches(lines):
        counts.update(_WORD.findall(text))
    return counts


def _without_line(lines: tuple[str, ...], number: int) -> tuple[str, ...]:
    if len(lines) > WHOLE_LINES:
        first, end = number - _WINDOW_LINES, number + _WINDOW_LINES
        lines = tuple(line if n < _WINDOW_LINES or first <= n < end else "\n" for n, line in enumerate(lines))
    return (*lines[:number], "\n", *lines[number + 1 :])
