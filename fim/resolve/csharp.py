"""C#: namespaces, which nothing ties to folders but habit.

A type is in a file of its name, a namespace in a folder of its last parts below the project file (MSBuild:
RootNamespace, ProjectReference, Using).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .built_in_types import built_in_types
from .path_parts import folder_of, folders_up, normalise, shared_parts
from .project import Project

_MAX_FILES = 60
_MAX_PROJECTS = 24
_MAX_NAMED = 6
_MAX_BELOW = 600
_GLOBAL_USINGS = ("GlobalUsings.cs", "Usings.cs", "Imports.cs", "Properties/GlobalUsings.cs")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    root: str | None  # namespace of what lies beside the project file
    references: tuple[str, ...]  # paths relative to it
    usings: tuple[str, ...]


def modules(spec: str, name: str | None, importer: str, project: Project) -> Sequence[str]:
    """The files of a namespace; where a type is wanted, those named like it first."""
    spec = spec.removeprefix("global::")
    if "." not in spec and name is None and not spec[:1].isupper():
        return ()
    folders = list(dict.fromkeys(_folders(spec, importer, project)))
    if name is not None:
        exact: list[str] = []
        for folder in folders:
            exact += _of_type(name, folder, project)
        if exact:
            return exact
        named = _nearest(project.paths.named(f"{name}.cs"), importer)[:_MAX_NAMED]
        stated = [file for file in named if project.outline(file).module == spec]
        if stated:
            return stated
    return _all_sources(folders, project)[:_MAX_FILES]


def package(name: str | None, importer: str, project: Project) -> Sequence[str]:
    """The files of the importer's namespace, of those around it, and of what its project uses everywhere."""
    if name is not None and (name in built_in_types("csharp") or not name[:1].isupper()):
        return ()
    folder = folder_of(importer)
    if name is not None:
        found = _of_type(name, folder, project)
        found = found or _nearest(project.paths.named(f"{name}.cs"), importer)[:_MAX_NAMED]
        if found:
            return [path for path in found if path != importer]
    found = _all_sources(_visible_folders(folder, importer, project), project)
    limit = _MAX_FILES if name is None else 2 * _MAX_FILES
    return [path for path in dict.fromkeys(found) if path != importer][:limit]


def _visible_folders(folder: str, importer: str, project: Project) -> Iterator[str]:
    """The folders of the importer's namespace, of those around it, and of those that every file of its project sees."""
    yield from _upwards(folder, project)
    namespace = project.outline(importer).module or ""
    while namespace:
        yield from _folders(namespace, importer, project)
        namespace = namespace.rpartition(".")[0]
    for using in _usings(importer, project):
        yield from _folders(using, importer, project)
    for place, _ in _projects(importer, project):
        yield from _below(place, project)
        break


def _of_type(name: str, folder: str, project: Project) -> list[str]:
    """The files in a folder that are named like a type, or like a part of one: `Client.Http.cs`, `Client{T}.cs`."""
    own = f"{folder}/{name}.cs".lstrip("/")
    parts = re.compile(rf"{re.escape(name)}(?:[.{{`<\-_]|Of[A-Z]).*\.cs$")
    others = [path for path in _sources(folder, project) if parts.match(path.rpartition("/")[2])]
    return [own, *others] if own in project.paths else others


def _folders(spec: str, importer: str, project: Project) -> Iterator[str]:
    """The folders of a namespace: by the project files, else by their names."""
    known = False
    for folder, manifest in _projects(importer, project):
        root = manifest.root or ""
        if spec == root or spec.startswith(root + "."):
            path = "/".join([folder, *spec[len(root) :].split(".")]).replace("//", "/").strip("/")
            if project.paths.has_folder(path):
                known = True
                yield path
    parts = spec.split(".")
    for count in range(len(parts), 0, -1):
        found = project.paths.folders_ending("/".join([".".join(parts[:count]), *parts[count:]]))
        yield from (folder for folder in _nearest(found, importer)[:_MAX_NAMED] if len(parts) > 1 or not known)
        known = known or bool(found)
    for start in range(1, len(parts) if not known else 0):
        for folder in _nearest(project.paths.folders_ending("/".join(parts[start:])), importer)[:_MAX_NAMED]:
            files = _sources(folder, project)
            if files and project.outline(files[0]).module == spec:
                yield folder


def _below(folder: str, project: Project) -> Iterator[str]:
    """The folders in a project's: where nobody cares, all of it is one namespace."""
    return iter(dict.fromkeys(folder_of(path) for path in project.paths.below(folder, limit=_MAX_BELOW)))


def _projects(importer: str, project: Project) -> Iterator[tuple[str, _Manifest]]:
    """The project of a file, then those that it refers to, each with its folder."""
    waiting = _project_files(folder_of(importer), project)
    seen = set(waiting)
    for path in waiting:
        manifest = project.manifest(path, _parse)
        if manifest is None:
            continue
        folder, _, file = path.rpartition("/")
        root = manifest.root or file.removesuffix(".csproj")
        yield folder, _Manifest(root=root, references=manifest.references, usings=manifest.usings)
        for reference in manifest.references:
            other = normalise(f"{folder}/{reference}")
            if other is not None and other in project.paths and other not in seen and len(seen) < _MAX_PROJECTS:
                seen.add(other)
                waiting.append(other)


def _project_files(folder: str, project: Project) -> list[str]:
    for place in folders_up(folder):
        found = [path for path in project.paths.files_in(place) if path.endswith(".csproj")]
        if found:
            return found
    return []


def _upwards(folder: str, project: Project) -> Iterator[str]:
    """A folder and those above it up to its project's."""
    for place in folders_up(folder):
        yield place
        if any(path.endswith(".csproj") for path in project.paths.files_in(place)):
            return
        if place.rpartition("/")[2] in ("src", "test", "tests", "Assets"):
            return


def _usings(importer: str, project: Project) -> Iterator[str]:
    """The namespaces that every file of the project sees."""
    for folder, manifest in _projects(importer, project):
        yield from manifest.usings
        for name in _GLOBAL_USINGS:
            yield from project.manifest(f"{folder}/{name}".lstrip("/"), _parse_usings) or ()
        break
    folder = folder_of(importer)
    for place in folders_up(folder):
        manifest = project.manifest(f"{place}/Directory.Build.props".lstrip("/"), _parse)
        if manifest is not None:
            yield from manifest.usings


def _parse(text: str) -> _Manifest:
    if "<Project" not in text:
        raise ValueError("it has no Project element")
    root = re.search(r"<RootNamespace>\s*([\w.]+)\s*</RootNamespace>", text)
    references = re.findall(r"<ProjectReference[^<>]*\bInclude\s*=\s*\"([^\"]+)\"", text)
    return _Manifest(
        root=root[1] if root else None,
        references=tuple(path.replace("\\", "/") for path in references),
        usings=tuple(re.findall(r"<Using\s[^<>]*\bInclude\s*=\s*\"([\w.]+)\"", text)),
    )


def _parse_usings(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"^[ \t]*global[ \t]+using[ \t]+(?:static[ \t]+)?([\w.]+)[ \t]*;", text, re.MULTILINE))


def _all_sources(folders: Iterable[str], project: Project) -> list[str]:
    found: list[str] = []
    for folder in folders:
        found += _sources(folder, project)
    return found


def _sources(folder: str, project: Project) -> list[str]:
    return [path for path in project.paths.files_in(folder) if path.endswith(".cs")]


def _nearest(paths: Sequence[str], importer: str) -> list[str]:
    """The paths that share most folders with the importer first, of equals the least deep."""
    return sorted(paths, key=lambda path: (-shared_parts(path, importer), path.count("/")))
