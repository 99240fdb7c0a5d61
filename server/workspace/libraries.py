"""Installed packages as a second source: looked at on the disk where a file of theirs is asked for, never listed whole.

They have paths as if they were in the root, by which prompts call them: `site-packages/requests/api.py` for what is in
the virtual environment of the root, or of a folder of it; `node_modules/zod/index.d.ts`, of which only declarations are
files; `vendor/` of a Go module; `github.com/x/y@v1.2.3/z.go` in Go's module cache. No link in them is followed, but for
those by which a package manager keeps packages elsewhere in the root's `node_modules`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from ...fim.resolve import Paths
from .exclusions import defaults
from .ignore import Rules
from .listing import is_linked
from .secrets import secret_names

LOOK_AGAIN_S = 5.0
"""How old what is known of a place with packages may be: editors seldom tell of changes in them."""
MAX_FOLDERS = 4000
"""Folders remembered; with more of them, all are looked at anew."""
MAX_PATH_CHARACTERS = 1000
"""What a source file imports may be longer, but no package is."""

_ENVIRONMENTS = (".venv", "venv", "env")
_PLACE = re.compile(
    r"(?P<python>(?:[^/]+/)*?site-packages)(?:/|$)"
    r"|(?P<node>(?:[^/]+/)*?node_modules)(?:/|$)"
    r"|(?P<go>[^/@.]+\.[^/@]+(?:/[^/@]+)*@v\d[^/]*)(?:/|$)"
    r"|(?P<vendor>(?:[^/]+/)*?vendor)(?:/|$)"
)
_ENDS = {
    "python": (".pyi", ".py", ".pyx"),
    "node": (".d.ts", ".d.mts", ".d.cts", "/package.json"),
    "go": (".go", "/go.mod"),
    "vendor": (".go",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    """What is in one folder. `inner`: its path below the folder `base`, below which no link is followed.

    `folders`: by name; with the link that stands for one where that is a package manager's.
    """

    base: str
    inner: str
    files: frozenset[str]
    folders: Mapping[str, str | None]


class Libraries:
    """The packages installed for one root. `changes` counts how often others were found than before."""

    def __init__(self, root: str, exclude: Rules) -> None:
        self._root = root.rstrip(os.sep) + os.sep
        self._exclude = exclude
        self._module_cache = _module_cache()
        self._folders: dict[str, _Folder | None] = {}
        self._places: dict[str, tuple[str, tuple[str, int] | None]] = {}
        self._looked_s = monotonic()
        self.changes = 0

    def look_again(self) -> None:
        """Forgets what is known where packages came or went since, if it is time to look."""
        if monotonic() - self._looked_s < LOOK_AGAIN_S:
            return
        self._looked_s = monotonic()
        if any(self._seek_place(kind, place) != known for place, (kind, known) in self._places.items()):
            self.changes += 1
            self._forget()

    def on_disk(self, path: str) -> tuple[str, str] | None:
        """Where the file is: a folder and the path below it, on which no link is followed; None where it is none."""
        parent, _, name = path.rpartition("/")
        folder = self.folder(parent)
        return (folder.base, folder.inner + name) if folder is not None and name in folder.files else None

    def folder(self, path: str) -> _Folder | None:
        if path in self._folders:
            return self._folders[path]
        if len(path) > MAX_PATH_CHARACTERS or (found := _PLACE.match(path)) is None or found.lastgroup is None:
            return None
        if len(self._folders) > MAX_FOLDERS:
            self._forget()
        self._folders[path] = folder = self._seek(path, found.lastgroup, found[found.lastgroup])
        return folder

    def _forget(self) -> None:
        self._folders.clear()
        self._places.clear()

    def _seek(self, path: str, kind: str, place: str) -> _Folder | None:
        if path == place:
            seen = self._seek_place(kind, place)
            self._places[place] = kind, seen
            return None if seen is None else self._list(seen[0], "", path, kind)
        parent, _, name = path.rpartition("/")
        above = self.folder(parent)
        if above is None or name not in above.folders:
            return None
        if (link := above.folders[name]) is None:
            return self._list(above.base, f"{above.inner}{name}/", path, kind)
        real = os.path.realpath(link)
        inside = self._is_inside(real) and f"{os.sep}node_modules{os.sep}" in real
        return self._list(real + os.sep, "", path, kind) if inside else None

    def _seek_place(self, kind: str, place: str) -> tuple[str, int] | None:
        """The folder on the disk where packages are, and when one last came or went."""
        parts = place.split("/")
        if any(part in ("", ".", "..") or "\\" in part or ":" in part for part in parts) or self._left_out(place):
            return None
        folder = self._root + "/".join(parts[:-1])
        found = self._module_cache + _escaped(place) if kind == "go" else self._folder_of(kind, folder, place)
        try:
            return (found + os.sep, os.stat(found).st_mtime_ns) if found is not None else None  # noqa: PTH116
        except OSError:
            return None

    def _folder_of(self, kind: str, folder: str, place: str) -> str | None:
        if kind == "python":
            places = map(str, _site_packages(Path(folder), self._is_inside))
            found = next((path for path in places if not self._excluded(path)), None)
        else:
            found = self._root + place
            if kind == "vendor" and not os.path.isfile(f"{found}/modules.txt"):  # noqa: PTH113
                return None
        return found if found is not None and self._is_inside(os.path.realpath(found)) else None

    def _excluded(self, path: str) -> bool:
        """Whether the environment that `path` is in is left out by the setting `exclude`."""
        parts = path[len(self._root) :].replace(os.sep, "/").split("/")
        folders = ("/".join(parts[:end]) for end in range(1, len(parts) + 1))
        return any(self._exclude.verdict(folder, folder.rpartition("/")[2], folder=True) for folder in folders)

    def _is_inside(self, real: str) -> bool:
        return real.startswith(os.path.realpath(self._root) + os.sep)

    def _left_out(self, path: str) -> bool:
        """Whether a folder is left out by name."""
        name = path.rpartition("/")[2]
        rules = (secret_names(), self._exclude)
        return not name.isprintable() or any(rule.verdict(path, name, folder=True) for rule in rules)

    def _list(self, base: str, inner: str, path: str, kind: str) -> _Folder:
        files: set[str] = set()
        folders: dict[str, str | None] = {}
        for entry in _entries(base + inner):
            here = f"{path}/{entry.name}"
            if is_linked(entry):
                if kind == "node" and not self._left_out(here):
                    folders[entry.name] = entry.path
            elif entry.is_dir(follow_symlinks=False):
                if not self._left_out(here):
                    folders[entry.name] = None
            elif f"/{entry.name}".endswith(_ENDS[kind]) and not self._leaves_file_out(here, entry.name):
                files.add(entry.name)
        if kind == "node" and folders.get(".pnpm", "") is None:  # what packages of pnpm need of each other
            hoisted = f"{base}{inner}.pnpm/node_modules"
            if self._is_inside(os.path.realpath(hoisted)):
                for entry in _entries(hoisted):
                    folders.setdefault(entry.name, entry.path)
        return _Folder(base=base, inner=inner, files=frozenset(files), folders=folders)

    def _leaves_file_out(self, path: str, name: str) -> bool:
        rules = (secret_names(), self._exclude, defaults().rules)
        return not name.isprintable() or any(rule.verdict(path, name, folder=False) for rule in rules)


class PathsWithLibraries(Paths):
    """The files of a root, and those of its libraries for who asks for one by its path or its folder."""

    def __init__(self, libraries: Libraries, paths: Iterable[str] = ()) -> None:
        self._libraries = libraries
        super().__init__(paths)

    def __contains__(self, path: object) -> bool:
        return path in self._files or (isinstance(path, str) and self._libraries.on_disk(path) is not None)

    def is_library(self, path: str) -> bool:
        return path not in self._files and self._libraries.on_disk(path) is not None

    def has_folder(self, folder: str) -> bool:
        return super().has_folder(folder) or self._libraries.folder(folder) is not None

    def files_in(self, folder: str) -> list[str]:
        if super().has_folder(folder) or (found := self._libraries.folder(folder)) is None:
            return super().files_in(folder)
        return sorted(f"{folder}/{name}" for name in found.files)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as scan:
            return list(scan)
    except OSError:
        return []


def _site_packages(folder: Path, is_inside: Callable[[str], bool]) -> Iterable[Path]:
    """Those of the virtual environments in a folder (PEP 405), of the newest Python first.

    `is_inside`: whether a real path is in the root, so that not even names are listed elsewhere.
    """
    for name in _ENVIRONMENTS:
        if (folder / name / "pyvenv.cfg").is_file() and is_inside(os.path.realpath(folder / name / "lib")):
            yield from sorted((folder / name / "lib").glob("python3*/site-packages"), key=_version, reverse=True)
            if (windows := folder / name / "Lib" / "site-packages").is_dir():
                yield windows


def _version(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path.parent.name)]


def _escaped(module: str) -> str:
    """The folder of `path@version` in the module cache (Go Modules Reference, "Module cache")."""
    return re.sub("[A-Z]", lambda letter: "!" + letter[0].lower(), module)


def _module_cache() -> str:
    """Go's module cache, with the separator at its end (the command's documentation, "Environment variables")."""
    if not (cache := os.environ.get("GOMODCACHE")):
        first = os.environ.get("GOPATH", "").split(os.pathsep)[0] or os.path.expanduser("~/go")  # noqa: PTH111
        cache = f"{first}/pkg/mod"
    return os.path.realpath(cache) + os.sep
