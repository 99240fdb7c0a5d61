"""Rust: modules by their files (The Rust Reference, "Modules" and "Paths"); crates are found by cargo.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from ..code import Import
from .cargo import crate_roots, library_of
from .path_parts import folder_of, join, normalise
from .project import Project

_MAX_STEPS = 6
_MAX_CHILDREN = 8


def modules(spec: str, name: str | None, importer: str, project: Project) -> Sequence[str]:
    """The file of the module `spec`; both files of `crate` in a package that is a library and a program."""
    if spec.endswith(".rs"):  # `#[path = "…"] mod x;`
        path = normalise(f"{importer.rpartition('/')[0]}/{spec}")
        return [path] if path is not None and path in project.paths else ()
    parts = [part.removeprefix("r#") for part in spec.removeprefix("::").split("::")]
    return list(dict.fromkeys(place.file for place in _walk(parts, importer, project, _MAX_STEPS)))


def package(name: str | None, importer: str, project: Project) -> Sequence[str]:
    """Macros need no import, and a type may have an `impl` in the modules below its own."""
    roots = crate_roots(importer, project)
    found: list[str] = []
    for root in roots:
        found += _macro_files(root, project, _MAX_STEPS)
    if name is not None:
        if name[:1].isupper() and importer not in roots:
            below = project.paths.files_in(_place(importer, project).folder)
            found += [path for path in below if path.endswith(".rs")][:_MAX_CHILDREN]
        found += roots
    return [path for path in dict.fromkeys(found) if path != importer]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A module: the file that its text is in, and the folder where the files of the modules in it are."""

    file: str
    folder: str


def _place(file: str, project: Project) -> _Place:
    folder, _, name = file.rpartition("/")
    if name not in ("mod.rs", "lib.rs", "main.rs") and file not in crate_roots(file, project):
        folder = join(folder, name.removesuffix(".rs"))
    return _Place(file=file, folder=folder)


def _macro_files(file: str, project: Project, steps: int) -> Iterator[str]:
    """The files whose macros a crate's root brings in scope: `#[macro_use] mod x;`, and what that brings in turn."""
    for item in project.outline(file).bound.get("*", ()) if steps else ():
        if "::" not in item.module:
            for inner in modules(item.module, None, file, project):
                yield inner
                yield from _macro_files(inner, project, steps - 1)


def _walk(parts: Sequence[str], importer: str, project: Project, steps: int) -> list[_Place]:
    first, rest = parts[0], parts[1:]
    here = _place(importer, project)
    if first == "crate":
        starts = [_place(root, project) for root in crate_roots(importer, project)]
    elif first == "self":
        starts = [here]
    elif first == "super":
        starts = list(_parents(here, project))
    else:
        starts = list(_child(here, first, project, steps))
        starts = starts or [_place(file, project) for file in library_of(first, importer, project)]
    for part in rest:
        if part == "super":
            starts = list(chain.from_iterable(_parents(start, project) for start in starts))
        elif part != "self":
            starts = list(chain.from_iterable(_child(start, part, project, steps) for start in starts))
    return starts


def _child(place: _Place, name: str, project: Project, steps: int) -> Iterator[_Place]:
    """The module `name` in a module: by its file's name, else as the file of the outer one itself says."""
    for end in (f"{name}.rs", f"{name}/mod.rs"):
        path = join(place.folder, end)
        if path in project.paths:
            yield _place(path, project)
            return
    if steps <= 0:
        return
    outline = project.outline(place.file)
    if any(outline.definitions[number].kind == "module" for number in outline.top.get(name, ())):
        # An inline module: what it holds is at the top level of its file's outline.
        yield _Place(file=place.file, folder=join(place.folder, name))
        return
    for item in outline.bound.get(name, ()):
        yield from _imported(item, place.file, project, steps - 1)


def _imported(item: Import, file: str, project: Project, steps: int) -> Iterator[_Place]:
    """The module that an import brings under another path."""
    if item.module.endswith(".rs"):
        yield from (_place(path, project) for path in modules(item.module, None, file, project))
    elif item.name is not None:
        yield from _walk([*item.module.split("::"), item.name], file, project, steps)
    elif item.module != item.alias:
        yield from _walk(item.module.split("::"), file, project, steps)


def _parents(place: _Place, project: Project) -> Iterator[_Place]:
    """The module that a module is in; one without a file of its own is in a file further up."""
    roots = crate_roots(place.file, project)
    if place.file in roots and place.folder == folder_of(place.file):
        return
    folder, inline = folder_of(place.folder), place.folder
    while True:
        above = [root for root in roots if folder_of(root) == folder]
        above = above or [path for path in (join(folder, "mod.rs"), f"{folder}.rs") if path in project.paths][:1]
        if above or not folder:
            break
        inline = folder
        folder = folder_of(folder)
    yield from (_Place(file=file, folder=folder_of(inline)) for file in above)
