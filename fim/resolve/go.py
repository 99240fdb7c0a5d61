"""Go: modules by go.mod, go.work, vendor and the module cache, packages as folders.

Go Modules Reference; Go specification, "Packages".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .path_parts import folder_of, folders_up, join, normalise
from .project import Project

_MAX_FILES = 150
_REPLACED = r"^[ \t]*(?:replace[ \t]+)?(\S+)(?:[ \t]+v\S+)?[ \t]+=>[ \t]+"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    module: str
    replaced: Mapping[str, str]  # module path -> folder relative to the manifest's
    required: Mapping[str, str]  # module path -> the module that stands for it, with its version


def modules(spec: str, name: str | None, importer: str, project: Project) -> Sequence[str]:
    """The files of the package with this import path."""
    for prefix, place in _places(importer, project):
        if spec == prefix or spec.startswith(prefix + "/"):
            path = normalise(f"{place}/{spec[len(prefix) :]}")
            found = [] if path is None else _package(path, project)
            if found:
                return found
    for folder in folders_up(folder_of(importer)):
        found = _package(join(folder, f"vendor/{spec}"), project)
        if found:
            return found
    return _installed(spec, importer, project)


def package(name: str | None, importer: str, project: Project) -> Sequence[str]:
    """The other files of the importer's package; its tests see each other, and nobody else sees them.

    The files whose names share a word with `name` come first, so that a large package is cut where it matters least.
    """
    folder, test = folder_of(importer), importer.endswith("_test.go")
    files = [path for path in _package(folder, project, tests=test) if path != importer]
    own = importer.rpartition("/")[2].removesuffix(".go").removesuffix("_test")
    words = set(re.findall(r"[a-z0-9]+", own)) | {part.lower() for part in re.findall(r"[A-Z]?[a-z0-9]+", name or "")}
    files.sort(key=lambda path: not words & set(re.findall(r"[a-z0-9]+", path.rpartition("/")[2])))
    return files[:_MAX_FILES]


def _package(folder: str, project: Project, *, tests: bool = False) -> list[str]:
    files = (path for path in project.paths.files_in(folder) if path.endswith(".go"))
    return [path for path in files if tests or not path.endswith("_test.go")]


def _installed(spec: str, importer: str, project: Project) -> Sequence[str]:
    """The files of the package in the module cache, in the version that a go.mod of the root requires."""
    above = [join(folder, "go.mod") for folder in folders_up(folder_of(importer))]
    others = project.paths.named("go.mod")
    manifests = [*others, *above] if project.paths.is_library(importer) else [*above, *others]
    for path in dict.fromkeys(manifests):
        manifest = project.manifest(path, _parse)
        module = spec
        while manifest is not None and module:
            place = manifest.required.get(module)
            found = [] if place is None else _package(place + spec[len(module) :], project)
            if found:
                return found
            module = module.rpartition("/")[0]
    return ()


def _places(importer: str, project: Project) -> list[tuple[str, str]]:
    """Module paths and their folders: what the go.mod above the file says, then all others of the root, as a go.work
    joins them. The longest path of those is the closest."""
    own: list[tuple[str, str]] = []
    others: list[tuple[str, str]] = []
    above = [join(folder, "go.mod") for folder in folders_up(folder_of(importer))]
    for path in dict.fromkeys([*above, *project.paths.named("go.mod")]):
        manifest = project.manifest(path, _parse) if path in project.paths else None
        if manifest is not None:
            folder = folder_of(path)
            others.append((manifest.module, folder))
            if path in above:
                own += ((module, f"{folder}/{place}") for module, place in manifest.replaced.items())
    for path in (join(folder, "go.work") for folder in folders_up(folder_of(importer))):
        replaced = project.manifest(path, _parse_work) if path in project.paths else None
        if replaced is not None:
            own += ((module, f"{path.rpartition('/')[0]}/{place}") for module, place in replaced.items())
    return [*own, *sorted(others, key=lambda place: -len(place[0]))]


def _parse(text: str) -> _Manifest:
    found = re.search(r'^[ \t]*module[ \t]+"?([^\s"]+)', text, re.MULTILINE)
    if found is None:
        raise ValueError("it has no module line")
    return _Manifest(module=found[1], replaced=_parse_work(text), required=_parse_required(text))


def _parse_required(text: str) -> Mapping[str, str]:
    text = "".join(_in_force(text))
    required = re.findall(r"^[ \t]*(?:require[ \t]+)?(\S+)[ \t]+(v\d\S*)[ \t]*(?://.*)?$", text, re.MULTILINE)
    replaced = re.findall(rf"{_REPLACED}([^\s.]\S*)[ \t]+(v\S+)", text, re.MULTILINE)
    others = {module: f"{other}@{version}" for module, other, version in replaced}
    return {module: f"{module}@{version}" for module, version in required} | others


def _in_force(text: str) -> Iterator[str]:
    """The lines but those of `exclude` and `retract`, which may have a block of them."""
    in_block = False
    for line in text.splitlines(keepends=True):
        if in_block:
            in_block = ")" not in line
        elif line.lstrip().startswith(("exclude", "retract")):
            in_block = "(" in line and ")" not in line
        else:
            yield line


def _parse_work(text: str) -> Mapping[str, str]:
    """The folders that replace modules. What a go.work uses is found by the go.mod there."""
    return dict(re.findall(rf"{_REPLACED}(\.\S*)", text, re.MULTILINE))
