"""Patterns of .gitignore syntax over the entries of a walk. What a pattern means, pathspec decides.

A walk never enters an excluded folder, so a pattern is asked about an entry itself only, not about what it lies in.
Most names can match none of the patterns, by the patterns' last parts alone: only the others are put to pathspec.
"""

from __future__ import annotations

import fnmatch
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass

from pathspec import GitIgnoreSpec

log = logging.getLogger(__name__)

MAX_IGNORE_BYTES = 1_000_000
_GLOB = re.compile(r"[*?\[\\]")


@dataclass(slots=True, kw_only=True)
class _Pattern:
    """One line without its slash at the end. `anchored`: it says in which folder; `deep`: it has two stars.

    `spec` is made when it is first needed.
    """

    line: str
    anchored: bool
    deep: bool
    folders_only: bool
    spec: GitIgnoreSpec | None = None

    def verdict(self, path: str, *, folder: bool) -> bool | None:
        if self.folders_only and not folder:
            return None
        found = self._verdict(path if self.anchored else path.rpartition("/")[2])
        if found is not None and self.anchored and not self.deep:
            parent = path.rpartition("/")[0]
            if parent and self._verdict(parent) is not None:
                return None  # the pattern was about a folder above
        return found

    def _verdict(self, path: str) -> bool | None:
        if self.spec is None:
            self.spec = GitIgnoreSpec.from_lines([self.line])
        return self.spec.check_file(path).include


class Rules:
    """The patterns of one ignore file or setting. `fold`: upper and lower case are the same.

    A line that is no pattern is left out, and named once with `source` in the log.
    """

    def __init__(self, lines: Iterable[str], *, source: str, fold: bool = False) -> None:
        self._source = source
        self._fold = fold
        self._patterns: list[_Pattern] = []
        self._named: dict[str, list[int]] = {}
        self._starts: dict[str, list[int]] = {}
        self._ends: dict[str, list[int]] = {}
        self._others: list[tuple[re.Pattern[str], int]] = []
        for line in lines:
            self._add(line.lower() if fold else line)
        self._any_start, self._any_end = tuple(self._starts), tuple(self._ends)
        self._any_other = re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _ in self._others) or r"(?!)")

    def _add(self, line: str) -> None:
        body = line.strip().removeprefix("!")
        if not body.strip("/") or line.startswith("#"):
            return
        number = len(self._patterns)
        inner = body.rstrip("/")
        folders_only = inner != body
        self._patterns.append(
            _Pattern(
                line=line.rstrip().rstrip("/") if folders_only else line,
                anchored="/" in inner,
                deep="**" in inner,
                folders_only=folders_only,
            )
        )
        last = inner.rpartition("/")[2]
        if not _GLOB.search(last):
            self._named.setdefault(last, []).append(number)
        elif last[0] == "*" and len(last) > 1 and not _GLOB.search(last[1:]):
            self._ends.setdefault(last[1:], []).append(number)
        elif last[-1] == "*" and not _GLOB.search(last[:-1]):
            self._starts.setdefault(last[:-1], []).append(number)
        else:
            self._others.append((_loosely(last), number))

    def verdict(self, path: str, name: str, *, folder: bool) -> bool | None:
        """Whether the entry is excluded; None where no pattern says. `path`: relative to the patterns' folder."""
        if self._fold:
            path, name = path.lower(), name.lower()
        if (
            name not in self._named
            and not name.endswith(self._any_end)
            and not name.startswith(self._any_start)
            and not self._any_other.match(name)
        ):
            return None
        for number in sorted(self._candidates(name), reverse=True):
            try:
                found = self._patterns[number].verdict(path, folder=folder)
            except (ValueError, re.error) as error:
                log.warning("%s: the line %r is left out: %s", self._source, self._patterns[number].line, error)
                self._forget(number)
                continue
            if found is not None:
                return found
        return None

    def _candidates(self, name: str) -> Iterable[int]:
        yield from self._named.get(name, ())
        for start, numbers in self._starts.items():
            if name.startswith(start):
                yield from numbers
        for end, numbers in self._ends.items():
            if name.endswith(end):
                yield from numbers
        for pattern, number in self._others:
            if pattern.match(name):
                yield number

    def _forget(self, number: int) -> None:
        self._patterns[number] = _Pattern(line="/", anchored=False, deep=False, folders_only=True)  # matches nothing


def _loosely(glob: str) -> re.Pattern[str]:
    """An expression that matches at least the names that the last part of a pattern does."""
    if "\\" in glob or "[[:" in glob:
        return re.compile("")
    try:
        return re.compile(fnmatch.translate(glob.replace("[^", "[!")))
    except re.error:
        return re.compile("")


def read_rules(path: str) -> Rules:
    """The patterns of an ignore file. What cannot be read of it is left out and named in the log."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a Path for each ignore file takes as long as reading it
            content = file.read(MAX_IGNORE_BYTES).removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        log.warning("%s cannot be read: %s", path, error.strerror)
        content = b""
    lines: list[str] = []
    for line in content.splitlines():
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            log.warning("%s: the line %r is left out: it is not UTF-8", path, line)
    return Rules(lines, source=path)
