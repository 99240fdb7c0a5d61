"""The patterns of one ignore file over the entries of a walk, the last that matches first.

A walk never enters an excluded folder, so a pattern is asked about an entry itself only, not about what it lies in.
Whatever the patterns are, an answer takes time linear in the path's length: most patterns are looked up, and the others
are put to a linear-time engine. How many and how long they may be is bounded, since the file is a stranger's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .disk import LeftOut, open_file
from .glob import MAX_PATTERN_CHARACTERS, Part, as_bytes, compile_parts, parts_of

log = logging.getLogger(__name__)

MAX_IGNORE_BYTES = 1_000_000
MAX_PATTERNS = 20_000
"""Of one file; those that follow are left out."""
MAX_GLOB_CHARACTERS = 16_384
"""What those patterns of one file may have together that cannot be looked up."""
_NAMED = 3  # lines that are left out are named one by one up to here

_STAR, _EVERYTHING = Part("[^/]*", is_literal=False), Part(".*", is_literal=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pattern:
    """What one line says of what it matches. `glob`: the expression, where looking up is not enough."""

    excludes: bool
    folders_only: bool
    glob: Any = None


@dataclass(slots=True)
class _Affixes:
    """Patterns by a text that names start or end with, found by its length: many cost no more than one."""

    of_length: dict[int, dict[str, list[int]]] = field(default_factory=dict)

    def add(self, text: str, number: int) -> None:
        self.of_length.setdefault(len(text), {}).setdefault(text, []).append(number)

    def starting(self, name: str) -> Iterator[int]:
        for length, numbers in self.of_length.items():
            if length <= len(name):
                yield from numbers.get(name[:length], ())

    def ending(self, name: str) -> Iterator[int]:
        for length, numbers in self.of_length.items():
            if length <= len(name):
                yield from numbers.get(name[len(name) - length :], ())


class Rules:
    """The patterns of one ignore file or setting. `fold`: upper and lower case are the same.

    A line that is no pattern, or beyond the bounds, is left out, and named with `source` in the log.
    """

    def __init__(self, lines: Iterable[str], *, source: str, fold: bool = False) -> None:
        self._source = source
        self._fold = fold
        self._patterns: list[_Pattern] = []
        self._names: dict[str, list[int]] = {}
        self._paths: dict[str, list[int]] = {}
        self._starts, self._ends = _Affixes(), _Affixes()
        self._name_globs: list[int] = []
        self._path_globs: list[int] = []
        self._left_out = 0
        self._glob_characters = 0
        any_name: list[list[Part]] = []
        any_path: list[list[Part]] = []
        for line in self._distinct(lines):
            try:
                self._add(line.lower() if fold else line, any_name, any_path)
            except ValueError as error:
                self._leave_out(line, str(error))
        if self._left_out > _NAMED:
            log.warning("%s: %d lines in all are left out", source, self._left_out)
        self._any_name, self._any_path = _any_of(any_name), _any_of(any_path)
        lengths = len(self._starts.of_length) + len(self._ends.of_length)
        self.cost = 1 + (lengths + self._glob_characters) // 4
        """What an answer about one path may take, in microseconds, roughly and at the most."""

    def _distinct(self, lines: Iterable[str]) -> list[str]:
        """The lines that are patterns; of equal ones the last, which is the strongest."""
        found: dict[str, None] = {}
        for line in lines:
            text = _without_spaces_at_end(line)
            if text.removeprefix("!").strip("/") and not text.startswith("#"):
                found.pop(text, None)
                found[text] = None
        if len(found) > MAX_PATTERNS:
            log.warning("%s has more than %d patterns: those that follow are left out", self._source, MAX_PATTERNS)
        return list(found)[:MAX_PATTERNS]

    def _leave_out(self, line: str, reason: str) -> None:
        self._left_out += 1
        if self._left_out <= _NAMED:
            log.warning("%s: the line %.80r is left out: %s", self._source, line, reason)

    def _add(self, line: str, any_name: list[list[Part]], any_path: list[list[Part]]) -> None:
        if len(line) > MAX_PATTERN_CHARACTERS:
            raise ValueError(f"it has more than {MAX_PATTERN_CHARACTERS} characters")
        excludes = not line.startswith("!")
        body = line.removeprefix("!")
        inner = body.removesuffix("/")
        anchored = "/" in inner
        parts = parts_of(as_bytes(inner.removeprefix("/")))
        found = self._looked_up(parts, anchored=anchored)
        glob = None
        if found is None:
            self._glob_characters += len(inner)
            if self._glob_characters > MAX_GLOB_CHARACTERS:
                self._glob_characters -= len(inner)
                raise ValueError(f"the file's patterns with wildcards have more than {MAX_GLOB_CHARACTERS} characters")
            glob = compile_parts([parts])
            (any_path if anchored else any_name).append(parts)
            (self._path_globs if anchored else self._name_globs).append(len(self._patterns))
        else:
            where, text = found
            number = len(self._patterns)
            if isinstance(where, _Affixes):
                where.add(text, number)
            else:
                where.setdefault(text, []).append(number)
        self._patterns.append(_Pattern(excludes=excludes, folders_only=inner != body, glob=glob))

    def _looked_up(self, parts: list[Part], *, anchored: bool) -> tuple[_Affixes | dict[str, list[int]], str] | None:
        """Where a pattern without a wildcard, or with one star at an end, is looked up, and by what text."""
        if len(parts) == 1 and parts[0].is_literal:
            return (self._paths if anchored else self._names), parts[0].text
        if anchored or len(parts) != 2:
            return None
        if parts[0] == _STAR and parts[1].is_literal:
            return self._ends, parts[1].text
        if parts[1] == _STAR and parts[0].is_literal:
            return self._starts, parts[0].text
        return None

    def verdict(self, path: str, name: str, *, folder: bool) -> bool | None:
        """Whether the entry is excluded; None where no pattern says. `path`: relative to the patterns' folder."""
        if self._fold:
            path, name = path.lower(), name.lower()
        path, name = as_bytes(path), as_bytes(name)
        looked_up = [
            *self._names.get(name, ()),
            *self._paths.get(path, ()),
            *self._starts.starting(name),
            *self._ends.ending(name),
        ]
        strongest = max((number for number in looked_up if self._holds(number, folder)), default=-1)
        for text, any_of_them, numbers in (
            (name, self._any_name, self._name_globs),
            (path, self._any_path, self._path_globs),
        ):
            if any_of_them is not None:
                strongest = self._strongest_glob(text.encode("latin-1"), any_of_them, numbers, strongest, folder)
        return self._patterns[strongest].excludes if strongest >= 0 else None

    def _strongest_glob(self, text: bytes, any_of_them: Any, numbers: list[int], strongest: int, folder: bool) -> int:
        if any_of_them.fullmatch(text) is None:
            return strongest
        for number in reversed(numbers):
            if number < strongest:
                break
            if self._holds(number, folder) and self._patterns[number].glob.fullmatch(text) is not None:
                return number
        return strongest

    def _holds(self, number: int, folder: bool) -> bool:
        return folder or not self._patterns[number].folders_only


def _any_of(patterns: list[list[Part]]) -> Any:
    """One expression for what any of the patterns matches, to ask before each of them; None where there are none."""
    if not patterns:
        return None
    try:
        return compile_parts(patterns)
    except ValueError:  # each alone is small enough for the engine, but all together are not
        return compile_parts([[_EVERYTHING]])


def _without_spaces_at_end(line: str) -> str:
    """The line without the spaces at its end, but for one that a backslash takes as it is."""
    text = line.rstrip(" ")
    backslashes = len(text) - len(text.rstrip("\\"))
    return text + " " if backslashes % 2 and len(text) < len(line) else text


def read_rules(root: str, path: str) -> Rules:
    """The patterns of the ignore file `path` below `root`. What cannot be read of it is named in the log."""
    content = b""
    try:
        with open_file(root, path) as file:
            content = file.read(MAX_IGNORE_BYTES + 1)
    except LeftOut as error:
        log.warning("%s%s is left out: %s", root, path, error)
    except OSError as error:
        log.warning("%s%s cannot be read: %s", root, path, error.strerror)
    if len(content) > MAX_IGNORE_BYTES:
        log.warning("%s%s has more than %d bytes: the rest is left out", root, path, MAX_IGNORE_BYTES)
        content = content[:MAX_IGNORE_BYTES].rpartition(b"\n")[0]
    lines: list[str] = []
    broken = 0
    for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        try:
            lines.append(line.removesuffix(b"\r").decode("utf-8"))
        except UnicodeDecodeError:
            broken += 1
            if broken <= _NAMED:
                log.warning("%s%s: the line %.80r is left out: it is not UTF-8", root, path, line)
    return Rules(lines, source=root + path)
