"""JavaScript and TypeScript: relative paths, tsconfig.json, and packages of the workspace.

The TypeScript handbook, "Modules - Reference"; the Node.js documentation, "Modules: Packages".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from .jsonc import parse_table, table
from .node_package import installed_files, main_files, package_files, package_imports
from .path_parts import folder_of, folders_up, normalise
from .project import Project
from .tsconfig import path_mappings

_TYPESCRIPT = (".ts", ".tsx", ".d.ts", ".mts", ".cts", ".d.mts", ".d.cts")
_JAVASCRIPT = (".js", ".jsx", ".mjs", ".cjs", ".es6")
_PLATFORMS = (".native", ".web", ".ios", ".android", ".browser")
_WRITTEN = re.compile(r"\.(?:d\.)?([cm]?)[jt]s(x?)$")


def modules(spec: str, name: str | None, importer: str, project: Project) -> Sequence[str]:
    """The file of the module: TypeScript's own order, except that JavaScript prefers JavaScript."""
    if not spec.startswith("#"):
        spec = _without_loaders(spec)
    endings = _JAVASCRIPT + _TYPESCRIPT if importer.endswith(_JAVASCRIPT) else _TYPESCRIPT + _JAVASCRIPT
    for target in _targets(spec, importer, project):
        path = normalise(target)
        file = None if path is None else _file(path, endings, project)
        if file is not None:
            return [file]
    return ()


def _without_loaders(spec: str) -> str:
    """The path in what a bundler is told: `style!./a.css?inline` is `./a.css`."""
    path = spec.rpartition("!")[2]
    query = re.search(r"[?#](?!/)", path)
    return path[: query.start()] if query else path


def package(name: str | None, importer: str, project: Project) -> Sequence[str]:
    """Nothing is visible without an import, but what ambient declarations beside the importer say."""
    return ()


def _targets(spec: str, importer: str, project: Project) -> Iterator[str]:
    """The paths that may be meant, without their endings, the likeliest first."""
    folder = folder_of(importer)
    if re.match(r"\.\.?(/|$)", spec):
        yield f"{folder}/{spec}"
        return
    if spec.startswith("#"):
        yield from package_imports(spec, folder, project)
    if not project.paths.is_library(importer):
        yield from _of_workspace(spec, folder, project)
    yield from installed_files(spec, folder, project)


def _of_workspace(spec: str, folder: str, project: Project) -> Iterator[str]:
    """The same, for a module of the workspace."""
    yield from path_mappings(spec, folder, project)
    yield from package_files(spec, folder, project)
    # What bundlers are told where it cannot be read: `@/x` and `~/x` are the sources, `/x` the root.
    alias = re.match(r"(?:@|~|\$lib|src|app)?/", spec)
    if alias:
        for root in folders_up(folder):
            if f"{root}/package.json".lstrip("/") in project.paths:
                yield from (f"{root}/{source}/{spec[alias.end() :]}" for source in ("src", "app", "", "src/lib"))
                yield f"{root}/{spec}"


def _file(path: str, endings: Sequence[str], project: Project) -> str | None:
    """The file that a path without its ending, or with that of what is compiled from it, means."""
    found = _WRITTEN.search(path)
    if found:
        stem = path[: found.start()]
        source = f"{found[1]}ts{found[2]}"
        compiled = [f"{stem}{end}" for end in endings if end.endswith(source) and not found[0].startswith(".d")]
        compiled += [f"{stem}.tsx"] if not found[2] else []
        own = [path]
        order = own + compiled if endings[0] == ".js" or "ts" in found[0] else compiled + own
        file = next((file for file in order if file in project.paths), None)
        if file is not None:
            return file
    for end in endings:
        if path + end in project.paths:
            return path + end
    for end in (platform + end for platform in _PLATFORMS for end in endings):
        if path + end in project.paths:
            return path + end
    return _index(path, endings, project) if project.paths.has_folder(path) else None


def _index(folder: str, endings: Sequence[str], project: Project) -> str | None:
    """The file that a folder stands for: what its package.json names, else its index."""
    prefix = f"{folder}/" if folder else ""
    manifest: dict[str, Any] = table(project.manifest(f"{prefix}package.json", parse_table))
    for main in main_files(manifest):
        path = normalise(prefix + main)
        file = _file(path, endings, project) if path is not None and path != folder else None
        if file is not None:
            return file
    return next((f"{prefix}index{end}" for end in endings if f"{prefix}index{end}" in project.paths), None)
