"""Ruby: `require_relative`, `require` with its `lib/` folders, and constants by the names of files (Zeitwerk)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from .path_parts import folder_of, folders_up, join, normalise, shared_parts
from .project import Project

_SOURCE_FOLDERS = ("lib", "", "app", "src", "test", "spec")
_MAX_SIBLINGS = 60
_MAX_NAMED = 6
_MANY = ("errors.rb", "error.rb", "exceptions.rb", "types.rb")  # files that hold many small classes


def modules(spec: str, name: str | None, importer: str, project: Project) -> Sequence[str]:
    """The file that is required, relative to the file that does or in a folder of the load path."""
    if spec[:1].isupper():
        return _of_constant(spec, name, importer, project)
    folder = folder_of(importer)
    spec = spec.removesuffix(".rb")
    for root in _roots(folder):
        path = normalise(f"{root}/{spec}.rb")
        if path is not None and path in project.paths:
            return [path]
    ends = project.paths.ending(f"{spec.lstrip('./')}.rb")
    return ends if len(ends) == 1 and "/" in spec else []


def package(name: str | None, importer: str, project: Project) -> Sequence[str]:
    """The files that a constant's name tells, the nearest first; for no name, those beside the importer."""
    folder, _, file = importer.rpartition("/")
    if name is None:
        own = _inside(importer)
        nested = project.paths.files_in(own) if project.paths.has_folder(own) else []
        files = dict.fromkeys([*_around(importer, project), *project.paths.files_in(folder), *nested])
        return [path for path in files if path.endswith(".rb") and path != importer][:_MAX_SIBLINGS]
    names = {f"{_snake_case(name)}.rb": None, f"{name.lower()}.rb": None}
    if not name[:1].isupper() or file in names:  # its own file is named so: others are of other modules
        return ()
    if name.endswith(("Error", "Exception", "Failed", "Failure")):
        names.update(dict.fromkeys(_MANY))
    found: list[str] = []
    for candidate in names:
        found += project.paths.named(candidate)
    return [*_nearest((path for path in found if path != importer), importer), *_around(importer, project)]


def _of_constant(spec: str, name: str | None, importer: str, project: Project) -> list[str]:
    """The file of a constant in a module (`Api::V2`, `Parser`: api/v2/parser.rb), or those of the module itself."""
    path = "/".join(map(_snake_case, spec.split("::")))
    if name is not None:
        return _nearest(project.paths.ending(f"{path}/{_snake_case(name)}.rb"), importer)
    folders = _nearest(project.paths.folders_ending(path), importer)[:1]
    files = project.paths.files_in(folders[0]) if folders else []
    return [file for file in files if file.endswith(".rb")]


def _nearest(paths: Iterable[str], importer: str) -> list[str]:
    return sorted(paths, key=lambda path: -_nearness(path, importer))[:_MAX_NAMED]


def _around(importer: str, project: Project) -> Iterator[str]:
    """The files of the modules that a file's folders name: their constants are in scope."""
    for folder in folders_up(folder_of(importer)):
        path = f"{folder}.rb"
        if folder and path in project.paths:
            yield path


def _roots(folder: str) -> Iterator[str]:
    """Where a required path may start: the file's own folder, then the load path of each folder above it."""
    yield folder
    for above in folders_up(folder):
        for source in _SOURCE_FOLDERS:
            yield join(above, source)


def _inside(path: str) -> str:
    """The folder of what is nested in a file's module: lib/a.rb has lib/a/."""
    return path.removesuffix(".rb")


def _nearness(path: str, importer: str) -> float:
    """How many folders the two share; the folder that a file's module opens counts as its own."""
    shared = shared_parts(path, _inside(importer))
    tests = path.startswith(("test/", "spec/")) and not importer.startswith(("test/", "spec/"))
    return shared - 0.01 * path.count("/") - (0.5 if tests else 0)


def _snake_case(name: str) -> str:
    """The name of a constant's file: `HTTPClient` is http_client."""
    return re.sub(r"(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-z\d])(?=[A-Z])", "_", name).lower()
