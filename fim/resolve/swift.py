"""Swift: files of one module see each other; modules are the targets of packages (Swift Package Manager, "Target")."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from .path_parts import folder_of, folders_up, join, normalise
from .project import Project

_MAX_FILES = 300
_MAX_OF_ALL = 200
_SOURCES = ("Sources", "Source", "src", "srcs", "Tests", "Plugins")


def modules(spec: str, name: str | None, importer: str, project: Project) -> Sequence[str]:
    """The files of the target `spec` of a package of the workspace."""
    for folder in _targets(spec, importer, project):
        return _files(folder, name, project)
    return ()


def package(name: str | None, importer: str, project: Project) -> Sequence[str]:
    """The other files of the importer's module, the nearest first; those called as `name` before them."""
    return [path for path in _files(_module_of(importer, project), name, project, importer) if path != importer]


def _files(folder: str, name: str | None, project: Project, near: str = "") -> list[str]:
    """A module's files: for a name those that are called so (`Name.swift`, `Name+More.swift`) first."""
    files = [path for path in project.paths.below(folder, limit=_MAX_FILES) if path.endswith(".swift")]
    here = near.rpartition("/")[0]
    words = _words(near)
    files.sort(key=lambda path: (folder_of(path) != here, -len(words & _words(path))))
    if name is None:
        return files[:_MAX_OF_ALL]
    called = [path for path in files if re.split(r"[+.]", path.rpartition("/")[2])[0] == name]
    return list(dict.fromkeys([*called, *files]))


def _words(path: str) -> set[str]:
    return set(re.findall(r"[A-Z][a-z]+", path.rpartition("/")[2]))


def _module_of(importer: str, project: Project) -> str:
    """The folder of the target that a file is in; without a package, the top folder of the sources around it."""
    for folder in folders_up(folder_of(importer)):
        manifest = join(folder, "Package.swift")
        if manifest not in project.paths:
            continue
        for place in (project.manifest(manifest, _parse) or {}).values():
            path = None if place is None else join(folder, place)
            if path is not None and importer.startswith(path + "/"):
                return path
        inside = importer[len(folder) + 1 if folder else 0 :].split("/")
        if len(inside) > 2 and inside[0] in _SOURCES:
            return join(folder, "/".join(inside[:2]))
    folder = folder_of(importer)
    top = folder
    for above in folders_up(folder_of(importer)):  # no package: as far up as there are only folders of sources
        if above and join(above, "Package.swift") not in project.paths:
            top = above
    return top


def _targets(spec: str, importer: str, project: Project) -> Iterator[str]:
    manifests = [join(folder, "Package.swift") for folder in folders_up(folder_of(importer))]
    for manifest in dict.fromkeys([*manifests, *project.paths.named("Package.swift")]):
        if manifest not in project.paths:
            continue
        folder = folder_of(manifest)
        place = (project.manifest(manifest, _parse) or {}).get(spec)
        for path in [place] if place else [f"{source}/{spec}" for source in _SOURCES]:
            whole = normalise(join(folder, path))
            if whole is not None and project.paths.has_folder(whole):
                yield whole
    for path in (spec, *(f"{source}/{spec}" for source in _SOURCES)):
        if project.paths.has_folder(path):
            yield path


def _parse(text: str) -> Mapping[str, str | None]:
    """The folders of targets whose `path:` the package gives; the others are where they are by convention."""
    text = re.sub(r"//[^\n]*", "", text)
    if "Package(" not in text:
        raise ValueError("it describes no package")
    targets = re.split(r"\.(?:target|executableTarget|testTarget|macro|plugin)\s*\(", text)[1:]
    found: dict[str, str | None] = {}
    for target in targets:
        name = re.match(r'\s*name\s*:\s*"([^"]+)"', target)
        path = re.search(r'\bpath\s*:\s*"([^"]+)"', target)
        if name is not None:
            found[name[1]] = path[1].strip("/") if path else None
    return found
