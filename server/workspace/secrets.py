"""Secrets: which files are left out by name, which lines of others come out of reading empty. Data: secrets.toml.

A file's text may be hostile, so everything here takes time linear in it: the patterns run on RE2, a line is looked at
together with a bounded number of lines after it, and a rule that goes on refusing what it finds in a line gives the
line up as secret.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from typing import Any

from .ignore import Rules
from .secret_rules import Group, Rule, groups, table

MAX_LINE_CHARACTERS = 2000
"""A longer line with anything in it that a rule begins with is hidden whole: it is data, not code."""
MAX_REFUSALS = 8
"""As many findings of one rule in one place may turn out to be no secrets; with more, the line is hidden."""


@cache
def secret_names() -> Rules:
    """The files and folders that are left out by name."""
    return Rules(table()["names"], source="secrets.toml", fold=True)


def without_secrets(lines: Sequence[str], name: str) -> tuple[str, ...]:
    """The lines of a file, with nothing but the line end where there was a secret. `name`: the file's."""
    # One byte for each character, so offsets agree. What Latin-1 lacks counts as punctuation in a secret.
    text = "".join(lines).encode("latin-1", "replace")
    page = _Page(text=text, name=name.lower(), starts=[0, *accumulate(map(len, lines))])
    hidden: set[int] = set()
    for group in groups():
        for number in _suspected(page, group):
            hidden.update(_hidden_from(page, group, number))
    if not hidden:
        return tuple(lines)
    return tuple(line[len(line.rstrip("\r\n")) :] if number in hidden else line for number, line in enumerate(lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """A file's text. `starts`: of its lines, and the end of the last.

    By rule, so that no line is asked twice: `no_end`, the line before which no block of it ends; `run_ends`, the line
    up to which its last block reached, within which a block that begins there ends too.
    """

    text: bytes
    name: str
    starts: Sequence[int]
    no_end: dict[str, int] = field(default_factory=dict)
    run_ends: dict[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.starts) - 1

    def line(self, number: int) -> bytes:
        return self.text[self.starts[number] : self.starts[number + 1]]

    def is_long(self, number: int) -> bool:
        return self.starts[number + 1] - self.starts[number] > MAX_LINE_CHARACTERS


def _suspected(page: _Page, group: Group) -> Iterator[int]:
    """The lines that have something in them without which no rule of the group holds."""
    found = group.near.search(page.text)
    while found is not None:
        number = bisect_right(page.starts, found.start()) - 1
        yield number
        found = group.near.search(page.text, page.starts[number + 1])


def _hidden_from(page: _Page, group: Group, number: int) -> Iterator[int]:
    """The lines to hide because of what begins in one line."""
    if page.is_long(number):
        yield number
        return
    ends = _ends(page, number, group.lines)
    for rule in group.rules_in(page.text[page.starts[number] : ends[-1]], page.name):
        yield from _hidden_by(rule, page, number, ends)


def _ends(page: _Page, number: int, most: int) -> list[int]:
    """Where the line ends, and where those end that may continue it: no blank one, no long one."""
    ends = [page.starts[number + 1]]
    for following in range(number + 1, min(number + most, page.count)):
        if page.is_long(following) or not page.line(following).strip():
            break
        ends.append(page.starts[following + 1])
    return ends


def _hidden_by(rule: Rule, page: _Page, number: int, ends: Sequence[int]) -> Iterator[int]:
    """The lines to hide by one rule, whose pattern is in the line."""
    if rule.is_plain:
        yield number
        return
    start = page.starts[number]
    secret_end = None
    count = len(ends)
    # A secret in the line and the next may be none with the one after: each number of lines is tried that can tell
    # another story. So hiding lines further down changes nothing here, and what is hidden stays the same.
    while secret_end is None and count > 0:
        secret_end, seen_end = _look(rule, page.text[start : ends[count - 1]], ends[0] - start)
        count = min(count - 1, bisect_left(ends, start + seen_end))
    if secret_end is not None:
        last = bisect_left(page.starts, start + secret_end) - 1
        yield from range(number, max(last + 1, _end_of_block(rule, page, number, last)))


def _look(rule: Rule, text: bytes, first_line: int) -> tuple[int | None, int]:
    """Where the first secret that begins in the first line ends, None where there is none; how far findings reached."""
    seen_end = 0
    for refusals, found in enumerate(rule.pattern.finditer(text)):
        if found.start() >= first_line:
            break
        seen_end = max(seen_end, found.end())
        if refusals == MAX_REFUSALS or _is_secret(rule, found):
            return found.end(), seen_end
    return None, seen_end


def _is_secret(rule: Rule, found: Any) -> bool:
    if rule.value is None:
        return True
    values = (value for value in found.groups() if value is not None)
    return any(map(rule.value.holds, values))


def _end_of_block(rule: Rule, page: _Page, begin: int, first: int) -> int:
    """The line after the block that begins in line `begin` with a secret up to line `first`."""
    if rule.end is not None:
        limit = min(first + rule.most, page.count)
        for number in range(max(first, page.no_end.get(rule.name, 0)), limit):
            if rule.end.search(page.line(number)):
                return number + 1
        page.no_end[rule.name] = limit
    number = first + 1
    if number < page.run_ends.get(rule.name, 0):
        return number
    while number < page.count and _is_inside(rule, page, begin, number):
        number += 1
    page.run_ends[rule.name] = number
    return number


def _is_inside(rule: Rule, page: _Page, begin: int, number: int) -> bool:
    line = page.line(number)
    if rule.indented:
        return not line.strip() or _indentation(line) > _indentation(page.line(begin))
    return rule.inside is not None and rule.inside.search(line) is not None


def _indentation(line: bytes) -> int:
    return len(line) - len(line.lstrip(b" \t"))
