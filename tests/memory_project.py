"""A workspace in memory: the real interface of a project over a table of files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any, TypeVar

from seekline import fim
from seekline.fim import code
from seekline.fim.resolve import Paths
from seekline.server.workspace.memory import Memory

T = TypeVar("T")


class MemoryProject:
    """Files by path. `parsed` and `broken` tell which were parsed, and which manifests could not be read."""

    source = staticmethod(code.read_source)

    def __init__(self, files: Mapping[str, str], recent: Collection[str] = ()) -> None:
        self.paths = Paths(files)
        self.recent = recent
        self.memo: dict[Hashable, Any] = {}
        self.kept = Memory(100_000_000)
        self.parsed: list[str] = []
        self.broken: list[str] = []
        self._files = dict(files)
        self._outlines: dict[str, code.Outline] = {}

    def document(self, path: str) -> fim.Document | None:
        text = self._files.get(path)
        if text is None:
            return None
        return fim.Document(path=path, language=fim.language_of_path(path), lines=tuple(fim.split_lines(text)))

    def reading(self, path: str, read: Callable[[fim.Document], T]) -> T | None:
        document = self.document(path)
        return None if document is None else read(document)

    def outline(self, path: str) -> code.Outline:
        if path not in self._outlines:
            document = self.document(path)
            grammar = code.grammar_of(path, document.language) if document else None
            if document is None or grammar is None:
                return code.EMPTY
            self.parsed.append(path)
            comment = document.language.line_comment if document.language else None
            self._outlines[path] = code.read_outline(document.lines, grammar, comment)
        return self._outlines[path]

    def outline_within_budget(self, path: str) -> code.Outline:
        return self.outline(path)

    def manifest(self, path: str, parse: Callable[[str], T]) -> T | None:
        try:
            return parse(self._files[path]) if path in self._files else None
        except ValueError:
            self.broken.append(path)
            return None
