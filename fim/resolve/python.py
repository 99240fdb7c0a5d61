"""Python: packages, relative imports, `src/` layouts, namespace packages (the import system, language reference §5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .path_parts import folder_of, folders_up, join, nearest
from .project import Project

_SOURCE_FOLDERS = ("src", "lib", "python")
_TEST = re.compile(r"^test_|_test\.py$|^conftest\.py$")


def modules(spec: str, name: str | None, importer: str, project: Project) -> Sequence[str]:
    """The file of the module `spec`: its stub first where it has one beside it."""
    folder = folder_of(importer)
    if spec.startswith("."):
        rest = spec.lstrip(".")
        for _ in range(len(spec) - len(rest) - 1):
            folder = folder_of(folder)
        return list(_module(join(folder, rest), project))
    path = spec.replace(".", "/")
    if project.paths.is_library(importer):
        return list(_installed(path, folder, project))
    for root in _roots(folder, project):
        found = list(_module(join(root, path), project))
        if found:
            return found
    return _elsewhere(path, importer, project) or list(_installed(path, folder, project))


def package(name: str | None, importer: str, project: Project) -> Sequence[str]:
    """Nothing is visible without an import, but pytest hands a test the fixtures of each conftest.py above it."""
    folder, _, file = importer.rpartition("/")
    if not _TEST.search(file) and not re.search(r"(?:^|/)tests?(?:/|$)", folder):
        return []
    found = [join(above, "conftest.py") for above in folders_up(folder)]
    return [path for path in found if path in project.paths and path != importer]


def _elsewhere(path: str, importer: str, project: Project) -> list[str]:
    """A package below another source folder: another project of the repository, or a layout of its own."""
    tops: dict[str, None] = {}
    first = path.partition("/")[0]
    for folder in project.paths.folders_ending(first):
        above = folder_of(folder)
        if f"{above}/__init__.py".lstrip("/") not in project.paths:
            tops[above] = None
    found: list[str] = []
    for top in tops:
        found += _module(join(top, path), project)
    if not found and "/" in path:
        ends = [*project.paths.ending(f"{path}.py"), *project.paths.ending(f"{path}/__init__.py")]
        found = ends if len(ends) == 1 else []
    return nearest(found, importer)[:1]


def _installed(path: str, folder: str, project: Project) -> Iterator[str]:
    """The module in the nearest environment, its stubs first (PEP 561); a file in one by its own path sees none."""
    first, _, rest = path.partition("/")
    if "site-packages" in folder.split("/")[1:] and not project.paths.has_folder(folder):
        return
    for above in folders_up(folder):
        site = join(above, "site-packages")
        for place in (f"{first}-stubs/{rest}".rstrip("/"), path):
            found = list(_module(join(site, place), project))
            if found:
                yield from found
                return


def _roots(folder: str, project: Project) -> Iterator[str]:
    """The folders that may be on the path: the top of the file's own package first, then the root and its sources."""
    top = folder
    while top and f"{top}/__init__.py" in project.paths:
        top = folder_of(top)
    yield top
    yield ""
    yield from _SOURCE_FOLDERS
    # The file's folder may be a script's, whose path starts there, or a package without __init__.py.
    for above in folders_up(folder_of(top)) if top else ():
        yield above
        for source in _SOURCE_FOLDERS:
            yield join(above, source)


def _module(path: str, project: Project) -> Iterator[str]:
    for end in (".pyi", ".py", "/__init__.pyi", "/__init__.py", ".pyx"):
        file = (path + end).lstrip("/")
        if file in project.paths:
            yield file
            return
