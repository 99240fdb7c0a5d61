"""What is defined around a document, found by name alone: the last resort where nothing tells what an object is.

Where types are seldom written, a name that the document or its neighbours use is itself evidence for what is defined
under it, wherever in the files around that is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from ...code import Outline, grammar_of
from ...languages import language_of_path
from ...resolve import Project
from ..scope import word_of
from .entities import Symbol

FILES = 300
_NAMESAKES = 12
_LISTED = 3000  # files that are looked at to find those of the language


def definitions_nearby(
    words: Collection[str], path: str, project: Project, resolver: str
) -> Mapping[str, Sequence[Symbol]]:
    """For each of `words` that the files around a file define, at most so many definitions, the nearest files first."""
    return namesakes(words, files_around(path, project, resolver), project.outline_within_budget)


def files_around(path: str, project: Project, resolver: str) -> Sequence[str]:
    """The files that speak the language of `path`, the nearest folders first; without itself."""
    folder = path.rpartition("/")[0]
    key = ("files around", folder, resolver)
    found = project.memo.get(key)
    if found is None:
        found = project.memo[key] = tuple(_spoken(folder, project, resolver))
    return [file for file in found if file != path]


def _spoken(folder: str, project: Project, resolver: str) -> list[str]:
    found: dict[str, None] = {}
    while True:
        below = project.paths.below(folder, limit=_LISTED)
        found.update(dict.fromkeys(file for file in below if _resolver_of(file) == resolver))
        if not folder or len(found) > FILES:
            return list(found)[: FILES + 1]
        folder = folder.rpartition("/")[0]


def _resolver_of(path: str) -> str | None:
    grammar = grammar_of(path, language_of_path(path))
    return grammar.resolver if grammar else None


def namesakes(
    words: Collection[str], files: Sequence[str], outline: Callable[[str], Outline]
) -> Mapping[str, Sequence[Symbol]]:
    """For each of `words` that `files` define, at most so many definitions, those of the first files first."""
    found: dict[str, list[Symbol]] = {}
    for file in files:
        names = _names(outline(file))
        for name in names.keys() & words:
            found.setdefault(name, []).extend(Symbol(file, number) for number in names[name])
    return {name: symbols[:_NAMESAKES] for name, symbols in found.items()}


def _names(outline: Outline) -> Mapping[str, Sequence[int]]:
    """All that a file defines for others, by name; kept with its outline."""
    found = outline.notes.get("names")
    if found is None:
        found = outline.notes["names"] = {}
        for number, definition in enumerate(outline.definitions):
            if definition.kind not in ("scope", "module"):
                found.setdefault(word_of(definition.name), []).append(number)
    return found
