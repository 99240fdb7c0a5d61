"""Fills a budget with the best candidates: signatures first, then documentation, then bodies of the best few."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..languages import Language, language_of_path
from ..prompt.budget import Count
from ..resolve import Project
from ..text import without_line_end
from .names.entities import Symbol
from .names.members import Names
from .ranking import Candidate
from .similar import Window

_FLOOR = 0.01
_WHOLE_LINES = 10  # a small data type is shown whole: its fields are its signature
_BODY_LINES = 40
_BODIES = 4
_BODY_SCORE = 0.5
_LONGEST_LINE = 400
_REASONS = 3
_VERSION = re.compile(r"@v\d[^/]*")  # of a Go module in the module cache
_DOC_BEFORE, _LINE, _DOC_AFTER = -1, 0, 1


def header(path: str, language: Language | None) -> str:
    """The comment that names a file, as DeepSeek Coder saw it at the head of each file of a repository."""
    if language is None:
        return f"# {path}\n"
    if language.line_comment is not None:
        return f"{language.line_comment} {path}\n"
    assert language.block_comment is not None
    start, end = language.block_comment
    return f"{start} {path} {end}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one other file gives to the prompt, its path comment first. `kind`: signatures, bodies or similar."""

    path: str
    kind: str
    reason: str
    text: str
    tokens: int


Row = tuple[tuple[int, int], str]
"""A line to show, and its place: its number, and whether documentation stands before or after it."""


@dataclass(slots=True)
class _File:
    """What is shown of one file: lines by their place, and why."""

    lines: dict[tuple[int, int], str] = field(default_factory=dict)
    reasons: dict[str, None] = field(default_factory=dict)
    tokens: int = 0
    kind: str = "signatures"


class Packing:
    """A budget being filled. The order in which things are added decides; equal input gives equal output."""

    def __init__(self, project: Project, count: Count, limit_tokens: int) -> None:
        self.project = project
        self._count = count
        self.room = limit_tokens
        self.files: dict[str, _File] = {}
        self.chosen: list[Candidate] = []
        self._headers: dict[str, str] = {}

    def add_candidates(self, candidates: Iterable[Candidate], names: Names) -> None:
        """Signatures by what they are worth for their length, then documentation, then bodies of the best few."""
        self._names = names
        worth = [(c, self._worth(c)) for c in candidates if c.score >= _FLOOR]
        for candidate, _ in sorted(worth, key=lambda pair: -pair[1]):
            if self._add(candidate.symbol.path, self._signature(candidate.symbol), candidate.reason):
                self.chosen.append(candidate)
        self.chosen.sort(key=lambda c: -c.score)
        for candidate in self.chosen:
            self._add(candidate.symbol.path, self._doc(candidate.symbol), candidate.reason)
        libraries = self.project.paths
        best = [c for c in self.chosen if c.score >= _BODY_SCORE and not libraries.is_library(c.symbol.path)][:_BODIES]
        for candidate in best:
            path, body = candidate.symbol.path, list(self._body(candidate.symbol))
            if body and self._add(path, body, candidate.reason):
                self.files[path].kind = "bodies"
                self._drop_repeated(path, {text for _, text in body})

    def add_windows(self, windows: Iterable[Window]) -> None:
        """Windows of files of which nothing is shown yet, as long as they fit."""
        for window in windows:
            if window.path not in self.files and not self.project.paths.is_library(window.path):
                rows = self._rows(window.path, window.first, window.end)
                if self._add(window.path, rows, "similar to the code at the cursor"):
                    self.files[window.path].kind = "similar"

    def part(self, path: str) -> Part:
        """What is shown of a file, as a part of the prompt."""
        file = self.files[path]
        text = "".join(file.lines[place] for place in sorted(file.lines))
        return Part(
            path=path,
            kind=file.kind,
            reason=", ".join(list(file.reasons)[:_REASONS]),
            text=self._header(path) + text + "\n",
            tokens=file.tokens,
        )

    def places(self) -> Iterator[tuple[str, int]]:
        """The files and numbers of all lines that are shown."""
        for path, file in self.files.items():
            for row, _ in file.lines:
                yield path, row

    def _header(self, path: str) -> str:
        if path not in self._headers:
            shown = _VERSION.sub("", path) if self.project.paths.is_library(path) else path
            self._headers[path] = header(shown, language_of_path(path))
        return self._headers[path]

    def _worth(self, candidate: Candidate) -> float:
        return candidate.score / (12 + self._length(candidate.symbol)) ** 0.5

    def _length(self, symbol: Symbol) -> int:
        """The tokens of the signature alone; kept with its file's outline, for the last tokenizer that counted."""
        notes = self._names.outline(symbol.path).notes
        key = "signature tokens", symbol.number
        counted_by, tokens = notes.get(key, (None, 0))
        if counted_by is not self._count:
            first = self._names.definition(symbol).head[0]
            tokens = sum(self._count(text) for (row, _), text in self._signature(symbol) if row >= first)
            notes[key] = self._count, tokens
        return tokens

    def _add(self, path: str, lines: Iterable[Row], reason: str) -> bool:
        """Adds lines to a file, if all of them fit; whether they are shown now."""
        shown = self.files.get(path)
        new = {place: text for place, text in lines if shown is None or place not in shown.lines}
        tokens = sum(map(self._count, new.values()))
        if not new:
            return shown is not None
        if shown is None:
            tokens += self._count(self._header(path)) + 1
        if tokens > self.room:
            return False
        self.room -= tokens
        file = self.files.setdefault(path, _File())
        file.lines.update(new)
        file.reasons[reason] = None
        file.tokens += tokens
        return True

    # --- lines of a symbol ---------------------------------------------------------------------------------------

    def _signature(self, symbol: Symbol) -> tuple[Row, ...]:
        """The signature, below the lines of what contains it; kept with its file's outline."""
        notes = self._names.outline(symbol.path).notes
        found = notes.get(("signature", symbol.number))
        if found is None:
            found = notes["signature", symbol.number] = tuple(self._read_signature(symbol))
        return found

    def _read_signature(self, symbol: Symbol) -> Iterator[Row]:
        container = self._names.definition(symbol).inside
        seen = {symbol.number}
        while container is not None and container not in seen:
            seen.add(container)
            yield from self._bounds(Symbol(symbol.path, container))
            container = self._names.outline(symbol.path).definitions[container].inside
        yield from self._head(symbol)

    def _bounds(self, container: Symbol) -> Iterator[Row]:
        """The head of what contains a symbol, and its end where its name stands there: `} Client;`."""
        definition = self._names.definition(container)
        yield from self._rows(container.path, *definition.head)
        if definition.named_at_end:
            yield from self._rows(container.path, definition.end - 1, definition.end)

    def _head(self, symbol: Symbol) -> Iterator[Row]:
        definition = self._names.definition(symbol)
        first, end = definition.head
        if definition.kind in ("class", "type") and definition.end - first <= _WHOLE_LINES:
            end = end if self.project.paths.is_library(symbol.path) and self._has_bodies(symbol) else definition.end
        yield from self._rows(symbol.path, first, end)
        if definition.named_at_end and end < definition.end:
            yield from self._rows(symbol.path, definition.end - 1, definition.end)

    def _has_bodies(self, type: Symbol) -> bool:
        inner = (d for d in self._names.outline(type.path).definitions if d.inside == type.number)
        return any(d.kind == "function" and d.end > d.head[1] for d in inner)

    def _drop_repeated(self, path: str, body: set[str]) -> None:
        """A line of documentation that a body now shows itself."""
        file = self.files[path]
        for place in [place for place, text in file.lines.items() if place[1] == _DOC_AFTER and text in body]:
            tokens = self._count(file.lines.pop(place))
            file.tokens -= tokens
            self.room += tokens

    def _doc(self, symbol: Symbol) -> Iterator[Row]:
        definition = self._names.definition(symbol)
        shown = self.files[symbol.path].lines.values()
        if definition.doc is not None and definition.doc + "\n" not in shown:
            inside = definition.doc.lstrip().startswith('"')
            row = definition.head[1] - 1 if inside else definition.head[0]
            yield (row, _DOC_AFTER if inside else _DOC_BEFORE), definition.doc + "\n"

    def _body(self, symbol: Symbol) -> Iterator[Row]:
        definition = self._names.definition(symbol)
        if definition.kind == "function" and definition.end - definition.head[0] <= _BODY_LINES:
            yield from self._rows(symbol.path, definition.head[0], definition.end)

    def _rows(self, path: str, first: int, end: int) -> Iterator[Row]:
        document = self.project.document(path)
        for row in range(first, min(end, len(document.lines))) if document else ():
            text = without_line_end(document.lines[row])[:_LONGEST_LINE] if document else ""
            if text.strip():
                yield (row, _LINE), text + "\n"


def dependencies(files: Iterable[str], names: Names) -> dict[str, set[str]]:
    """Which of `files` each of them imports."""
    files = list(files)
    chosen = set(files)
    return {file: chosen & names.imported_files(file) for file in files}
