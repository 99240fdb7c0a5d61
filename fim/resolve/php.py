"""PHP: PSR-4, PSR-0, class maps and files as composer.json says (getcomposer.org, "The composer.json schema")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .jsonc import parse_table, table, texts
from .path_parts import folder_of, folders_up, join, normalise, shared_parts
from .project import Project

_MAX_SIBLINGS = 100
_MAX_MANIFESTS = 80
_MAX_NAMED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Autoload:
    psr4: Mapping[str, Sequence[str]]  # namespace without its last backslash -> folders
    psr0: Mapping[str, Sequence[str]]
    files: Sequence[str]


def modules(spec: str, name: str | None, importer: str, project: Project) -> Sequence[str]:
    """The file of a class in the namespace `spec`, or those with its functions; a path that is included; or, without
    a name, the files of a namespace."""
    if spec.endswith((".php", ".inc")) or "/" in spec:
        return list(_included(spec, importer, project))
    namespace = spec.strip("\\")
    if name is None:
        return _namespace(namespace, importer, project)
    found = list(_class(namespace, name, importer, project))
    if found:
        return found
    return [*_named(namespace, name, importer, project), *_functions(namespace, name, importer, project)]


def package(name: str | None, importer: str, project: Project) -> Sequence[str]:
    """The other files of the namespace, which is the folder; and those that are always loaded."""
    folder = folder_of(importer)
    if name is None:
        mapped = any(autoload.psr4 or autoload.psr0 for _, autoload in _manifests(importer, project))
        near = project.paths.files_in(folder) if mapped else project.paths.below(folder, limit=_MAX_SIBLINGS)
        files = [path for path in near if path.endswith(".php") and path != importer]
        return files[:_MAX_SIBLINGS]
    beside = f"{folder}/{name}.php".lstrip("/")
    found = [beside] if beside in project.paths and beside != importer else []
    if name[:1].isupper():
        return found or [p for p in _named("", name, importer, project) if p != importer]
    return [*found, *_functions("", name, importer, project)]


def _class(namespace: str, name: str, importer: str, project: Project) -> Iterator[str]:
    full = f"{namespace}\\{name}" if namespace else name
    for folder, autoload in _manifests(importer, project):
        for prefix, place in _places(autoload.psr4, full):
            rest = full[len(prefix) :].strip("\\").replace("\\", "/")
            path = normalise(f"{folder}/{place}/{rest}.php")
            if path and path in project.paths:
                yield path
                return
        for _, place in _places(autoload.psr0, full):
            rest = namespace.replace("\\", "/") + "/" + name.replace("_", "/")
            path = normalise(f"{folder}/{place}/{rest}.php")
            if path and path in project.paths:
                yield path
                return


def _namespace(namespace: str, importer: str, project: Project) -> list[str]:
    """The files of a namespace's folder: its own, where it has none those of its namespaces."""
    for folder, autoload in _manifests(importer, project):
        for prefix, place in _places(autoload.psr4, namespace):
            path = normalise(f"{folder}/{place}/" + namespace[len(prefix) :].replace("\\", "/"))
            if path is not None and project.paths.has_folder(path):
                return [file for file in project.paths.below(path, limit=_MAX_SIBLINGS) if file.endswith(".php")]
    return []


def _named(namespace: str, name: str, importer: str, project: Project) -> list[str]:
    """Files named like a class where composer.json does not say: class maps, no composer.json at all."""
    wanted = [part.lower() for part in namespace.split("\\") if part]
    found: list[tuple[int, int, str]] = []
    for file in (f"{name}.php", f"class-{name.lower().replace('_', '-')}.php", f"{name}.class.php"):
        for path in project.paths.named(file):
            folders = [part.lower() for part in path.split("/")[:-1]]
            shared = 0
            while shared < min(len(wanted), len(folders)) and wanted[-1 - shared] == folders[-1 - shared]:
                shared += 1
            within = bool(wanted) and wanted[-1] in folders  # in a folder below that of its namespace
            if shared or within or not wanted:
                found.append((-shared, -shared_parts(path, importer), path))
    return [path for _, _, path in sorted(found)[:_MAX_NAMED]]


def _functions(namespace: str, name: str, importer: str, project: Project) -> Iterator[str]:
    """The files that are loaded at once: where functions are; those of packages with this namespace first."""
    for folder, autoload in _manifests(importer, project):
        known = not namespace or any(True for _ in _places(autoload.psr4, namespace))
        for file in autoload.files if known else ():
            path = normalise(f"{folder}/{file}")
            if path is not None and path in project.paths and path != importer:
                yield path
        for prefix, place in _places(autoload.psr4, namespace):
            base = normalise(f"{folder}/{place}/" + namespace[len(prefix) :].replace("\\", "/"))
            candidates = (f"{base}/functions.php", f"{base}/helpers.php")
            yield from (path for path in candidates if path in project.paths)


def _included(spec: str, importer: str, project: Project) -> Iterator[str]:
    folder = folder_of(importer)
    for root in (folder, ""):
        path = normalise(f"{root}/{spec}")
        if path is not None and path in project.paths:
            yield path
            return
    ends = project.paths.ending(spec.lstrip("./"))
    yield from ends if len(ends) == 1 else ()


def _places(table: Mapping[str, Sequence[str]], full: str) -> Iterator[tuple[str, str]]:
    """The prefixes of a name that have folders, the longest first."""
    for prefix in sorted(table, key=len, reverse=True):
        if not prefix or full == prefix or full.startswith((prefix + "\\", prefix + "_")):
            yield from ((prefix, place) for place in table[prefix])


def _manifests(importer: str, project: Project) -> Iterator[tuple[str, _Autoload]]:
    """The composer.json above the file, the nearest first, then the others of the root."""
    above = [join(folder, "composer.json") for folder in folders_up(folder_of(importer))]
    for path in dict.fromkeys([*above, *project.paths.named("composer.json")[:_MAX_MANIFESTS]]):
        autoload = project.manifest(path, _parse) if path in project.paths else None
        if autoload is not None:
            yield folder_of(path), autoload


def _parse(text: str) -> _Autoload:
    manifest = parse_table(text)
    psr4: dict[str, list[str]] = {}
    psr0: dict[str, list[str]] = {}
    files: list[str] = []
    for key in ("autoload", "autoload-dev"):
        autoload: dict[str, Any] = table(manifest.get(key))
        for found, name in ((psr4, "psr-4"), (psr0, "psr-0")):
            for prefix, places in table(autoload.get(name)).items():
                found.setdefault(prefix.rstrip("\\"), []).extend(texts(places))
        files += texts(autoload.get("files"))
    return _Autoload(psr4=psr4, psr0=psr0, files=files)
