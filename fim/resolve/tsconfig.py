"""What tsconfig.json and jsconfig.json say of module names: `paths`, `baseUrl`, and what they inherit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .jsonc import parse_table, table, texts
from .path_parts import folder_of, folders_up, join, normalise
from .project import Project

_NAMES = ("tsconfig.json", "jsconfig.json")
_MAX_INHERITED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """`paths` are relative to the folder `base`; `base_url` is None where none is set."""

    base: str
    paths: Mapping[str, list[str]]
    base_url: str | None


def path_mappings(spec: str, folder: str, project: Project) -> Iterator[str]:
    """The paths that the project files above `folder` map a module name to, those of the nearest first."""
    for above in folders_up(folder):
        for name in _NAMES:
            for options in _options(join(above, name), project, _MAX_INHERITED):
                yield from _mapped(spec, options)


def _mapped(spec: str, options: _Options) -> Iterator[str]:
    best: tuple[int, str, str] | None = None  # the longest pattern before its star wins
    for pattern in options.paths:
        start, star, end = pattern.partition("*")
        fits = spec == pattern
        if star:
            fits = spec.startswith(start) and spec.endswith(end) and len(spec) >= len(start + end)
        weight = len(start) + (0 if star else 1000)
        if fits and (best is None or weight > best[0]):
            best = weight, pattern, spec[len(start) : len(spec) - len(end)] if star else ""
    if best is not None:
        for target in options.paths[best[1]]:
            yield join(options.base, target.replace("${configDir}", ".").replace("*", best[2], 1))
    if options.base_url is not None:
        yield join(options.base_url, spec)


def _options(path: str, project: Project, depth: int) -> Iterator[_Options]:
    """What one project file says, then what it leaves to those that it extends or is split into."""
    manifest = project.manifest(path, parse_table) if path in project.paths else None
    if manifest is None or depth == 0:
        return
    folder = folder_of(path)
    compiler = table(manifest.get("compilerOptions"))
    base_url = next(iter(texts(compiler.get("baseUrl"))), None)
    base = folder if base_url is None else join(folder, base_url)
    paths = {pattern: texts(targets) for pattern, targets in table(compiler.get("paths")).items()}
    if paths or base_url is not None:
        yield _Options(base=base, paths=paths, base_url=None if base_url is None else base)
    for other in _others(manifest, folder, project):
        yield from _options(other, project, depth - 1)


def _others(manifest: dict[str, Any], folder: str, project: Project) -> Iterator[str]:
    for text in texts(manifest.get("extends")):
        for end in ("", ".json", "/tsconfig.json"):
            if text.startswith("."):
                found = normalise(join(folder, text + end))
            else:  # a package, perhaps of this workspace
                found = next(iter(project.paths.ending(text.partition("/")[2] + end)), None) if "/" in text else None
            if found is not None and found in project.paths:
                yield found
                break
    for reference in manifest.get("references") or ():
        for text in texts(table(reference).get("path")):
            # Parts of the same folder (tsconfig.app.json); other folders have their own.
            found = normalise(join(folder, text))
            if found is not None and found.endswith(".json") and found.rpartition("/")[0] == folder:
                yield found
