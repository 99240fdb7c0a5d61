"""Lua: `require "a.b"` is a/b.lua or a/b/init.lua in one of the folders on the path (Lua reference manual, §6.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .path_parts import folder_of, folders_up, join, normalise
from .project import Project

_SOURCE_FOLDERS = ("", "lua", "src", "lib", "lualib", "share/lua/5.1")


def modules(spec: str, name: str | None, importer: str, project: Project) -> Sequence[str]:
    folder = folder_of(importer)
    if spec.startswith("script."):  # Roblox: a path from the file's own place
        return list(_module(_from_script(spec, importer), project))
    path = spec.removesuffix(".lua") if "/" in spec else spec.replace(".", "/")
    for root in _roots(folder):
        place = normalise(f"{root}/{path}")
        found = list(_module(place, project)) if place else []
        if found:
            return found
    ends = [*project.paths.ending(f"{path}.lua"), *project.paths.ending(f"{path}/init.lua")]
    # A path that is set where it cannot be seen: the only file with this end, or the nearest.
    return ends[:1] if len(ends) == 1 or "/" in path else []


def package(name: str | None, importer: str, project: Project) -> Sequence[str]:
    """Nothing is visible without `require`: what a file sets globally is known once it is required."""
    return ()


def _roots(folder: str) -> Iterator[str]:
    """The root's source folders, then those of each folder above the file, the nearest first."""
    yield from _SOURCE_FOLDERS
    for above in folders_up(folder):
        for source in _SOURCE_FOLDERS if above else ():
            yield join(above, source)


def _from_script(spec: str, importer: str) -> str:
    place = importer.removesuffix("/init.lua").removesuffix(".lua")
    for step in spec.split(".")[1:]:
        place = folder_of(place) if step == "Parent" else f"{place}/{step}"
    return place


def _module(path: str, project: Project) -> Iterator[str]:
    for end in (".lua", "/init.lua", ".luau", "/init.luau"):
        file = (path + end).lstrip("/")
        if file in project.paths:
            yield file
            return
