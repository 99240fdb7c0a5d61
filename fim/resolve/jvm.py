"""Java, Kotlin and Scala: a package is a folder below any source root, of this module of a build or of another.

Java's compilers want that (JLS §7.2.1); Kotlin's may leave out the first parts that all packages share, and in Kotlin
and Scala a file may have any name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from .built_in_types import built_in_types
from .path_parts import folder_of, shared_parts
from .project import Project

_ENDINGS = (".java", ".kt", ".scala", ".kts", ".sc")
_MAX_FILES = 60
_MAX_SEARCHED = 240
_MAX_FOLDERS = 24
_MAX_PARENTS = 3
_MAX_NAMED = 4
_ROOT = re.compile(r"(?:^|/)(?:src(?:/[^/]+)?/(?:java|kotlin|scala)[^/]*|(?:src|source|app|test|tests))/")
_TEST = re.compile("[tT]est|spec|bench")


def modules(spec: str, name: str | None, importer: str, project: Project) -> Sequence[str]:
    """The files of a package, or the file of the type, that `spec` names."""
    path = spec.removeprefix("_root_.").replace(".", "/")
    folders = _nearest(project.paths.folders_ending(path), importer)
    if "/" not in path:
        folders = [folder for folder in folders if _within(folder, path, importer)]
    if not any(map(project.paths.files_in, folders[:_MAX_FOLDERS])):
        found = list(_type(path, importer, project))
        if found:
            return found
        folders = list(_shortened(path, spec, project))
    return _in_folders(folders, name, project)


def _within(folder: str, name: str, importer: str) -> bool:
    """Whether a package with a single name is one of those around the importer, or of the top."""
    package, _, last = _package_path(folder).rpartition("/")
    own = _package_path(folder_of(importer))
    return last == name and (not package or own == package or own.startswith(package + "/"))


def package(name: str | None, importer: str, project: Project) -> Sequence[str]:
    """The files of the importer's package, in all source roots that it may see."""
    java = importer.endswith(".java")
    if name is not None and (name in built_in_types("jvm") or (java and not name[:1].isupper())):
        return ()
    folders = list(_same_package(importer, project))
    if importer.endswith(".scala"):
        folders += _around(importer, project)
    found = _in_folders(folders, name, project, alone=True)
    if name is not None and not java and not _exact(folders, name, project):
        found = [*_elsewhere(name, importer, project), *found]
    return [path for path in found if path != importer]


def _elsewhere(name: str, importer: str, project: Project) -> Iterator[str]:
    """Files of the importer's package that are called as the name, in folders that are not called as the package."""
    own = project.outline(importer).module
    named: list[str] = []
    for ending in _ENDINGS:
        named += project.paths.named(name + ending)
    for path in _nearest(named, importer)[:_MAX_NAMED]:
        if own is not None and project.outline(path).module == own:
            yield path


def _in_folders(folders: Sequence[str], name: str | None, project: Project, *, alone: bool = False) -> list[str]:
    """The files named like the type, else all. `alone`: where the importer has no other reason to look there."""
    exact = [] if name is None else _exact(folders, name, project)
    if exact:
        return exact
    files: list[str] = []
    for folder in folders[:_MAX_FOLDERS]:
        files += _sources(folder, project)
    if name is not None and alone:  # a type of Java is nearly always in a file of its name
        files = [file for file in files if not file.endswith(".java")]
    return files[: _MAX_FILES if name is None else _MAX_SEARCHED]


def _exact(folders: Iterable[str], name: str, project: Project) -> list[str]:
    candidates = (f"{folder}/{name}{ending}".lstrip("/") for folder in folders for ending in _ENDINGS)
    return [path for path in candidates if path in project.paths]


def _sources(folder: str, project: Project) -> list[str]:
    return [path for path in project.paths.files_in(folder) if path.endswith(_ENDINGS)]


def _type(path: str, importer: str, project: Project) -> Iterator[str]:
    """The file of the type that a path ends with, or of one that it is nested in."""
    for _ in range(_MAX_PARENTS):
        found: list[str] = []
        for ending in _ENDINGS:
            found += project.paths.ending(path + ending)
        files = _nearest(found, importer) if "/" in path else []
        if files:
            yield from files
            return
        path = folder_of(path)


def _shortened(path: str, spec: str, project: Project) -> Iterator[str]:
    """Folders that leave out the first parts of the package; the files in them say that they are of it."""
    _, found, path = path.partition("/")
    while found:
        for folder in project.paths.folders_ending(path)[:_MAX_FOLDERS]:
            files = [file for file in _sources(folder, project) if not file.endswith(".java")]
            if files and (project.outline(files[0]).module or "").startswith(spec):
                yield folder
        _, found, path = path.partition("/")
    for above in project.paths.folders_ending(spec.replace(".", "/").rpartition("/")[0])[:_MAX_FOLDERS]:
        files = [file for file in _sources(above, project) if not file.endswith(".java")][:_MAX_FILES]
        if any(project.outline(file).module == spec for file in files):
            yield above


def _same_package(importer: str, project: Project) -> Iterator[str]:
    """The importer's folder, and those of its package below other source roots; tests are for tests only."""
    folder = folder_of(importer)
    yield folder
    path = _own_package(importer, project)
    if path:
        test, stated = _is_test(importer), path != _package_path(folder)
        for other in _nearest(project.paths.folders_ending(path), importer):
            same = stated or _package_path(other) == path
            if other != folder and same and (test or not _is_test(other + "/")):
                yield other


def _around(importer: str, project: Project) -> Iterator[str]:
    """The folders of the packages around a file of Scala that names them apart: `package a.b` above `package c`; then
    the package `scala`, which every file sees (Scala Language Specification 9.1)."""
    path = _own_package(importer, project)
    first = (project.outline(importer).module or "").replace(".", "/")
    around = []
    while path != first and path.startswith(first) and "/" in path:
        path = folder_of(path)
        around.append(path)
    for path in dict.fromkeys([*around, "scala"]):
        # The part of the build that all others depend on has most files of a package.
        folders = sorted(project.paths.folders_ending(path), key=lambda folder: -len(project.paths.files_in(folder)))
        yield from (folder for folder in folders if path in around or _states(folder, path, project))


def _states(folder: str, package: str, project: Project) -> bool:
    """Whether the files directly in a folder say that they are of a package."""
    return any(project.outline(file).module == package for file in _sources(folder, project)[:1])


def _own_package(importer: str, project: Project) -> str:
    """The package of a file as the end of its folder's path: from where the package that it states starts there."""
    folder = folder_of(importer)
    stated = (project.outline(importer).module or "").replace(".", "/")
    start = f"/{folder}/".rfind(f"/{stated}/") if stated else -1
    return folder[start:] if start >= 0 else _package_path(folder)


def _package_path(folder: str) -> str:
    """The part of a folder's path that is the package."""
    roots = list(_ROOT.finditer(folder + "/"))
    return (folder + "/")[roots[-1].end() : -1] if roots else ""


def _is_test(path: str) -> bool:
    place = path[: len(path) - len(_package_path(folder_of(path)))]
    return _TEST.search(folder_of(place)) is not None


def _nearest(paths: Iterable[str], importer: str) -> list[str]:
    """The paths that share most folders with the importer first, and what is no test, of equals the least deep."""
    return sorted(paths, key=lambda path: (-shared_parts(path, importer), _is_test(path + "/"), path.count("/")))
