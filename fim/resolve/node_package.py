"""Packages of the workspace by name: what package.json exports, and the sources of what is not built yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .jsonc import parse_table, texts
from .path_parts import folder_of, folders_up, join, normalise
from .project import Project

_CONDITIONS = ("source", "development", "types", "import", "module", "require", "node", "browser", "default")
_WORKSPACE_FILES = ("pnpm-workspace.yaml", "lerna.json", "rush.json", "nx.json", "turbo.json")
_MAX_PACKAGES = 300
_MAX_BUILT_PARTS = 4


def package_files(spec: str, folder: str, project: Project) -> Iterator[str]:
    """Where a package of the workspace may have the module: as package.json says, then where its source may be."""
    name, inner = _split(spec)
    for root, manifest in _packages(name, folder, project):
        for target in _targets(manifest, inner):
            yield from (join(root, path) for path in _sources(target))
        for place in (f"src/{inner}", inner, f"lib/{inner}") if inner else ("src/index", "index", "src", "lib/index"):
            yield join(root, place)


def installed_files(spec: str, folder: str, project: Project) -> Iterator[str]:
    """Where an installed package has the declarations of the module: itself, else what `@types` has of it."""
    name, inner = _split(spec)
    types = "@types/" + name.removeprefix("@").replace("/", "__")
    for place in folders_up(folder):
        for package in (name, types):
            root = join(place, f"node_modules/{package}")
            manifest = project.manifest(f"{root}/package.json", parse_table)
            if manifest is not None:
                yield from (join(root, target) for target in _targets(manifest, inner))
                yield join(root, inner or "index")


def _split(spec: str) -> tuple[str, str]:
    """A package's name, and the path in it."""
    parts = spec.split("/")
    count = 2 if spec.startswith("@") else 1
    return "/".join(parts[:count]), "/".join(parts[count:])


def _targets(manifest: dict[str, Any], inner: str) -> Iterator[str]:
    """The files of a package that package.json names for the path `inner` in it."""
    yield from _exported(manifest.get("exports"), f"./{inner}" if inner else ".")
    if not inner:
        yield from main_files(manifest)


def main_files(manifest: dict[str, Any]) -> Iterator[str]:
    """The files that package.json says the package itself is, its sources first."""
    for key in ("source", "types", "typings", "module", "main"):
        yield from texts(manifest.get(key))


def package_imports(spec: str, folder: str, project: Project) -> Iterator[str]:
    """Where the nearest package says that its `#name` is."""
    for root, manifest in _above(folder, project):
        for target in _exported(manifest.get("imports"), spec):
            if target.startswith("."):
                yield from (join(root, path) for path in _sources(target))
            else:
                yield from package_files(target, root, project)
        return


def _packages(name: str, folder: str, project: Project) -> Iterator[tuple[str, dict[str, Any]]]:
    """The packages with this name: the one around the file, those in a folder of that name, then the others."""
    for root, manifest in _above(folder, project):
        if manifest.get("name") == name:
            yield root, manifest
            return
    likely = project.paths.ending(f"{name.rpartition('/')[2]}/package.json")
    others = project.paths.named("package.json")[:_MAX_PACKAGES] if _is_workspace(project) else []
    for path in dict.fromkeys([*likely, *others]):
        manifest = project.manifest(path, parse_table)
        if manifest is not None and manifest.get("name") == name:
            yield folder_of(path), manifest
            return


def _is_workspace(project: Project) -> bool:
    if any(name in project.paths for name in _WORKSPACE_FILES):
        return True
    manifest = project.manifest("package.json", parse_table) if "package.json" in project.paths else None
    return manifest is None or "workspaces" in manifest


def _above(folder: str, project: Project) -> Iterator[tuple[str, dict[str, Any]]]:
    for above in folders_up(folder):
        path = join(above, "package.json")
        manifest = project.manifest(path, parse_table) if path in project.paths else None
        if manifest is not None:
            yield above, manifest


def _exported(exports: object, inner: str) -> Iterator[str]:
    """The files that a table of exports gives for `inner`, by all conditions: what is built depends on them."""
    if isinstance(exports, (str, list)):
        exports = {".": exports}
    if not isinstance(exports, dict):
        return
    if not any(key[:1] in (".", "#") for key in exports):  # conditions of the package as a whole
        exports = {".": exports}
    if inner in exports:
        yield from _leaves(exports[inner])
        return
    for pattern in sorted((key for key in exports if "*" in key), key=len, reverse=True):
        start, _, end = pattern.partition("*")
        if inner.startswith(start) and inner.endswith(end) and len(inner) >= len(start + end):
            star = inner[len(start) : len(inner) - len(end)]
            yield from (leaf.replace("*", star) for leaf in _leaves(exports[pattern]))
            return


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key in sorted(value, key=lambda key: _CONDITIONS.index(key) if key in _CONDITIONS else len(_CONDITIONS)):
            yield from _leaves(value[key])
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, str):
        yield value


def _sources(target: str) -> Iterator[str]:
    """A path of a package, then those that it may be built from: `dist/esm/x.mjs` from `src/x`."""
    path = normalise(target)
    if path is None:
        return
    yield path
    stem = path
    for end in (".d.ts", ".d.mts", ".d.cts", ".js", ".mjs", ".cjs", ".ts", ".jsx", ".tsx"):
        if path.endswith(end):
            stem = path[: -len(end)]
            break
    parts = stem.split("/")
    for count in range(1, min(len(parts), _MAX_BUILT_PARTS)):
        rest = "/".join(parts[count:])
        yield from (f"src/{rest}", rest, f"lib/{rest}")
