"""Crates of a workspace by their Cargo.toml (The Cargo Book, "The Manifest Format" and "Package Layout")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import tomli

from .path_parts import folder_of, folders_up, join, normalise
from .project import Project

_MAX_MANIFESTS = 300
_DEPENDENCIES = ("dependencies", "dev-dependencies", "build-dependencies")
_PROGRAMS = ("src/bin", "tests", "examples", "benches")
_TARGETS = ("bin", "test", "example", "bench")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`name` as code spells the library; None where there is no package. `targets`: files that are roots of crates.

    `paths`: the names of dependencies that are folders, and these. Files and folders are relative to the manifest's.
    """

    name: str | None
    library: str
    targets: tuple[str, ...]
    paths: Mapping[str, str]


def crate_roots(file: str, project: Project) -> list[str]:
    """The roots of the crates that a file may be in: itself, or those in the nearest folder above it."""
    found = next(_packages_above(file, project), None)
    folder, targets = ("", ()) if found is None else (found[0], (found[1].library, *found[1].targets))
    targets = [join(folder, path) for path in dict.fromkeys((*targets, "src/lib.rs", "src/main.rs", "build.rs"))]
    if file in targets or _is_target(file, folder):
        return [file]
    for place in _PROGRAMS:  # a program in a folder of its own
        name = file.removeprefix(join(folder, place) + "/").partition("/")[0]
        program = join(folder, f"{place}/{name}")
        path = f"{program}/main.rs"
        if path in project.paths and file.startswith(program + "/"):
            return [path]
    here = folder_of(file)
    above = [path for path in targets if path in project.paths and _within(here, folder_of(path))]
    deepest = max((path.count("/") for path in above), default=0)
    return [path for path in above if path.count("/") == deepest]


def library_of(name: str, importer: str, project: Project) -> list[str]:
    """The root file of the library that code calls `name`: the package's own, a dependency in a folder, any here."""
    for folder, manifest in _packages_above(importer, project):
        if name == manifest.name:
            return _existing(join(folder, manifest.library), project)
        path = normalise(f"{folder}/{manifest.paths[name]}") if name in manifest.paths else None
        if path is not None:
            other = project.manifest(join(path, "Cargo.toml"), _parse)
            return _existing(join(path, other.library if other else "src/lib.rs"), project)
    for path in project.paths.named("Cargo.toml")[:_MAX_MANIFESTS]:
        manifest = project.manifest(path, _parse)
        if manifest is not None and manifest.name == name:
            return _existing(join(folder_of(path), manifest.library), project)
    return []


def _existing(path: str, project: Project) -> list[str]:
    return [path] if path in project.paths else []


def _within(folder: str, other: str) -> bool:
    return not other or folder == other or folder.startswith(other + "/")


def _is_target(file: str, folder: str) -> bool:
    """Whether Cargo finds a program, test, example or benchmark there by itself."""
    for place in _PROGRAMS:
        inside = file.removeprefix(join(folder, place) + "/")
        if inside != file and ("/" not in inside or (inside.endswith("/main.rs") and inside.count("/") == 1)):
            return True
    return False


def _packages_above(file: str, project: Project) -> Iterator[tuple[str, Manifest]]:
    """The manifests above a file, the nearest first; the workspace's own may name dependencies for all."""
    for folder in folders_up(folder_of(file)):
        path = join(folder, "Cargo.toml")
        manifest = project.manifest(path, _parse) if path in project.paths else None
        if manifest is not None:
            yield folder, manifest


def _parse(text: str) -> Manifest:
    data = tomli.loads(text)  # its error is a ValueError
    package, library = _table(data, "package"), _table(data, "lib")
    name = library.get("name") or package.get("name")
    targets = [row["path"] for kind in _TARGETS for row in _rows(data, kind) if isinstance(row.get("path"), str)]
    paths: dict[str, str] = {}
    for holder in (data, _table(data, "workspace")):
        for kind in _DEPENDENCIES:
            for key, value in _table(holder, kind).items():
                if isinstance(value, dict) and isinstance(value.get("path"), str):
                    paths[key.replace("-", "_")] = value["path"]
    return Manifest(
        name=name.replace("-", "_") if isinstance(name, str) else None,
        library=_text(library, "path") or "src/lib.rs",
        targets=tuple(targets),
        paths=paths,
    )


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _text(data: Mapping[str, Any], key: str) -> str | None:
    value = data.get(key)
    return value if isinstance(value, str) else None


def _rows(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = data.get(key)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
