"""Which other files are near a document: open or lately edited ones, what it imports, then by their way through the
folders."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from ..code import grammar_of
from ..languages import language_of_path
from ..resolve import Project
from ..resolve.path_parts import folder_of
from ..text import Cursor, Document
from .cancellable import CancellableProject, Stop
from .names.members import Names
from .scope import read_scope


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
    scope = read_scope(document, cursor, grammar, project.source, project.kept)
    return sorted(Names(project, document, scope.outline, grammar).imported_files(document.path))


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
