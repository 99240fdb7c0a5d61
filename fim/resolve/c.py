"""C and C++: included files (ISO C §6.10.2 leaves the search to the compiler: here it is that of GCC and Clang).

A file is looked for beside the includer, in the folders that compile_commands.json names, in those called `include` or
`src` above, and at last by the end of its path.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .json_rows import json_rows
from .path_parts import folder_of, folders_up, join, nearest, normalise
from .project import Project

_HEADERS = (".h", ".hpp", ".hh", ".hxx", ".h++", ".H", ".cuh")
_SOURCES = (".c", ".cc", ".cpp", ".cxx", ".c++", ".C", ".cu", ".m", ".mm")
_COMMANDS = "compile_commands.json"
_MAX_COMMANDS = 3
_FOLDERS = ("include", "inc", "src", "source", "lib")
_MAX_BY_END = 3
_MAX_FOLDERS = 200
_MAX_WITH_HEADER = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class _Commands:
    """Include folders as the compiler gets them, absolute or relative to a folder: of the sources by their names, each
    with its whole path, and of all sources."""

    named: Mapping[str, list[tuple[str, tuple[str, ...]]]]
    all: tuple[str, ...]


def modules(spec: str, name: str | None, importer: str, project: Project) -> Sequence[str]:
    """The file that an include names: the nearest one. An announced type names none."""
    if not spec:
        return ()
    for folder in _search_folders(importer, project):
        path = normalise(f"{folder}/{spec}")
        if path is not None and path in project.paths and path != importer:
            return [path]
    end = re.sub(r"^(?:\.\.?/)+", "", spec)
    found = nearest([path for path in project.paths.ending(end) if path != importer], importer)
    return found[: _MAX_BY_END if "/" in end else 1]


def package(name: str | None, importer: str, project: Project) -> Sequence[str]:
    """The files that go with this one: a source's own header; a header's source and what that includes, where the types
    are defined that the header only announces; and the headers that are called as `name`."""
    stem, ending = _split(importer)
    if ending in _SOURCES:
        return list(_counterparts(stem, importer, _HEADERS, project))
    found: list[str] = []
    for source in list(_counterparts(stem, importer, _SOURCES, project))[:1]:
        found.append(source)
        for item in project.outline(source).imports:
            found += modules(item.module, None, source, project)
    if name is not None and name[:1].isupper():
        found += _called(name, importer, project)
    return [path for path in dict.fromkeys(found) if path != importer][:_MAX_WITH_HEADER]


def _called(name: str, importer: str, project: Project) -> Iterator[str]:
    """The nearest header with the name of a class: `TableCache.h`, `table_cache.h`, `tablecache.hpp`."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    for stem in dict.fromkeys((name, snake, name.lower())):
        yield from nearest(_named(stem, _HEADERS, project), importer)[:1]


def _counterparts(stem: str, importer: str, endings: Sequence[str], project: Project) -> Iterator[str]:
    folder, _, name = stem.rpartition("/")
    parts = re.split(r"[_-]", name)  # `ae_kqueue.c` is a part of `ae.c`
    for count in range(len(parts), 0, -1):
        shorter = f"{folder}/{name[: len('_'.join(parts[:count]))]}".lstrip("/")
        beside = [shorter + ending for ending in endings if shorter + ending in project.paths]
        if beside:
            yield from beside
            return
    name = stem.rpartition("/")[2]
    yield from nearest(_named(name, endings, project), importer)[:1]


def _named(name: str, endings: Sequence[str], project: Project) -> list[str]:
    found: list[str] = []
    for ending in endings:
        found += project.paths.named(name + ending)
    return found


def _split(path: str) -> tuple[str, str]:
    name = path.rpartition("/")[2]
    ending = "." + name.rpartition(".")[2] if "." in name else ""
    return path.removesuffix(ending), ending


def _search_folders(importer: str, project: Project) -> Iterator[str]:
    folder = folder_of(importer)
    yield folder
    yield from _compiled_with(importer, project)
    for above in folders_up(folder):
        for inner in ("", *_FOLDERS):
            place = join(above, inner)
            if project.paths.has_folder(place):
                yield place


def _compiled_with(importer: str, project: Project) -> Iterator[str]:
    """The include folders of the file's own command; for a header those of all commands."""
    for path in project.paths.named(_COMMANDS)[:_MAX_COMMANDS]:
        commands = project.manifest(path, _parse)
        if commands is None:
            continue
        same = commands.named.get(importer.rpartition("/")[2], ())
        own = next((folders for file, folders in same if _ends(file, importer)), commands.all)
        for folder in own:
            yield from _in_root(folder, project)


def _ends(file: str, path: str) -> bool:
    return file == path or file.endswith("/" + path)


def _in_root(folder: str, project: Project) -> Iterator[str]:
    """A folder of any machine, as its longest end that is a folder of this root."""
    parts = [part for part in (normalise(folder.lstrip("/")) or "").split("/") if part]
    for start in range(len(parts)):
        path = "/".join(parts[start:])
        if project.paths.has_folder(path):
            yield path
            return
    if not folder.startswith("/") and normalise(folder) == "":
        yield ""


def _parse(text: str) -> _Commands:
    named: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    every: dict[str, None] = {}
    for row in json_rows(text):
        if not isinstance(row, dict) or not isinstance(row.get("file"), str):
            continue
        base = row["directory"] if isinstance(row.get("directory"), str) else ""
        folders = tuple(_absolute(folder, base) for folder in _include_folders(_words(row)))
        file = _absolute(row["file"], base)
        named.setdefault(file.rpartition("/")[2], []).append((file, folders))
        every.update(dict.fromkeys(folders))
    return _Commands(named=named, all=tuple(every)[:_MAX_FOLDERS])


def _words(row: Mapping[str, Any]) -> list[str]:
    arguments, command = row.get("arguments"), row.get("command")
    if isinstance(arguments, list):
        return [word for word in arguments if isinstance(word, str)]
    return shlex.split(command) if isinstance(command, str) else []


def _include_folders(words: Sequence[str]) -> Iterator[str]:
    for place, word in enumerate(words):
        for flag in ("-I", "-isystem", "-iquote", "/I"):
            if word == flag and place + 1 < len(words):
                yield words[place + 1]
            elif flag != "-isystem" and word.startswith(flag) and len(word) > len(flag):
                yield word[len(flag) :]


def _absolute(path: str, base: str) -> str:
    path = path.replace("\\", "/")
    if path.startswith("/") or re.match(r"[A-Za-z]:/", path):
        return path
    whole = f"{base}/{path}".replace("\\", "/")
    root = "/" if whole.startswith("/") else ""
    return root + (normalise(whole.lstrip("/")) or "")
