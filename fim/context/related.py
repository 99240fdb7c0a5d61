"""Which other files are near a document: open or lately edited ones, what it imports, then by their way through the
folders."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from sys import getsizeof

from ..code import Grammar, Outline, grammar_of
from ..languages import language_of_path
from ..resolve import Project
from ..resolve.path_parts import folder_of
from ..text import Cursor, Document
from .cancellable import CancellableProject, Stop
from .names.members import Names

_HEAD_LINES = 200
"""Lines of a document that are read for its imports. Those further down would only change which files come first."""
_KEPT_AS = "what stands at the head"


@dataclass(frozen=True, kw_only=True)
class _Head:
    """The head of a document but for the cursor's line, and its outline by a grammar."""

    lines: tuple[str, ...]
    grammar: Grammar
    outline: Outline

    @property
    def size_bytes(self) -> int:
        """Estimated: an outline takes some three times as much as the lines."""
        return 4 * sum(map(getsizeof, self.lines))


def related_paths(document: Document, cursor: Cursor, project: Project, stop: Stop = lambda: None) -> Iterator[str]:
    """The other files of the document's kind, the nearest first, each once. `stop`: see `gather`."""
    project = CancellableProject(project, stop)
    ending = _ending(document.path)
    given = {document.path}
    for paths in (project.recent, _imported(document, cursor, project), _by_distance(document.path, project)):
        for path in paths:
            if path not in given and _is_alike(path, ending, document):
                given.add(path)
                yield path


def _imported(document: Document, cursor: Cursor, project: CancellableProject) -> list[str]:
    grammar = grammar_of(document.path, document.language)
    if grammar is None:
        return []
    outline = _outline_of_head(document, cursor, grammar, project)
    return sorted(Names(project, document, outline, grammar).imported_files(document.path))


def _outline_of_head(document: Document, cursor: Cursor, grammar: Grammar, project: CancellableProject) -> Outline:
    lines = document.lines[:_HEAD_LINES]
    if cursor.line < len(lines):
        lines = (*lines[: cursor.line], "\n", *lines[cursor.line + 1 :])
    known: _Head | None = project.kept.get(document.path, _KEPT_AS)
    if known is not None and (known.lines, known.grammar) == (lines, grammar):
        return known.outline
    comment = document.language.line_comment if document.language else None
    head = _Head(lines=lines, grammar=grammar, outline=project.source(lines, grammar, comment)[0])
    project.kept.put(document.path, _KEPT_AS, head)
    return head.outline


def _by_distance(path: str, project: CancellableProject) -> Iterator[str]:
    """The listed files, those of the same folder first, then those a folder up or down, and so on."""
    paths = project.paths
    start = folder_of(path)
    seen = {start}
    waiting = deque([start])
    while waiting:
        folder = waiting.popleft()
        yield from paths.files_in(folder)
        around = paths.folders_in(folder)
        if folder:
            around.insert(0, folder_of(folder))
        for one in around:
            if one not in seen:
                seen.add(one)
                waiting.append(one)


def _is_alike(path: str, ending: str, document: Document) -> bool:
    return _ending(path) == ending or (document.language is not None and language_of_path(path) is document.language)


def _ending(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[2]
