"""What the context engine sees of one workspace root. It is handed in: nothing here reads a disk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, MutableMapping
from typing import Any, Protocol, TypeVar

from ..code import Grammar, Outline, Variable
from ..text import Document
from .path_parts import folder_of

T = TypeVar("T")


class Paths:
    """The files of a root: paths relative to it with forward slashes, found by folder, by name and by their ends.

    What a change of one file costs does not grow with the root.
    """

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self._files: dict[str, None] = {}
        self._inside: dict[str, dict[str, None]] = {}  # folder -> the files and folders directly in it
        self._named: dict[str, dict[str, None]] = {}
        self._folders: dict[str, dict[str, None]] = {}  # by their names
        for path in paths:
            self.add(path)

    def add(self, path: str) -> None:
        if path in self._files:
            return
        self._files[path] = None
        self._named.setdefault(_name(path), {})[path] = None
        while path:
            folder = folder_of(path)
            known = folder in self._inside
            self._inside.setdefault(folder, {})[path] = None
            if known:
                return
            self._folders.setdefault(_name(folder), {})[folder] = None
            path = folder

    def discard(self, path: str) -> None:
        if path not in self._files:
            return
        del self._files[path]
        del self._named[_name(path)][path]
        while path:
            folder = folder_of(path)
            self._inside[folder].pop(path, None)
            if self._inside[folder]:
                return
            del self._inside[folder]
            del self._folders[_name(folder)][folder]
            path = folder

    def __contains__(self, path: object) -> bool:
        return path in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def is_library(self, path: str) -> bool:
        """Whether the file is an installed package's: found by who asks for it, but not listed."""
        return False

    def has_folder(self, folder: str) -> bool:
        return folder in self._inside

    def files_in(self, folder: str) -> list[str]:
        """The files directly in a folder, sorted."""
        return sorted(path for path in self._inside.get(folder, ()) if path in self._files)

    def folders_in(self, folder: str) -> list[str]:
        """The folders directly in a folder, sorted."""
        return sorted(path for path in self._inside.get(folder, ()) if path not in self._files)

    def below(self, folder: str, *, limit: int) -> list[str]:
        """At most `limit` files in a folder and the folders in it, the nearest first."""
        found: list[str] = []
        waiting = [folder]
        while waiting and len(found) < limit:
            following: list[str] = []
            for here in waiting:
                found += self.files_in(here)
                following += self.folders_in(here)
            waiting = following
        return found[:limit]

    def named(self, name: str) -> list[str]:
        """The files with this name in any folder, the least deep first."""
        return sorted(self._named.get(name, ()), key=_depth)

    def ending(self, end: str) -> list[str]:
        """The files whose path is `end` or ends with `/end`, the least deep first."""
        end = end.lstrip("/")
        found = (path for path in self._named.get(_name(end), ()) if path == end or path.endswith("/" + end))
        return sorted(found, key=_depth)

    def folders_ending(self, end: str) -> list[str]:
        """The folders whose path is `end` or ends with `/end`, the least deep first."""
        folders = self._folders.get(_name(end), ())
        return sorted((path for path in folders if path == end or path.endswith("/" + end)), key=_depth)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _depth(path: str) -> tuple[int, str]:
    return path.count("/"), path


ReadSource = Callable[[tuple[str, ...], Grammar, "str | None"], tuple[Outline, tuple[Variable, ...]]]
"""Reads source text, given as lines, by a grammar and what begins a line comment: see `code.read_source`."""


class Sized(Protocol):
    @property
    def size_bytes(self) -> int:
        """What it takes in memory, estimated."""
        ...


S = TypeVar("S", bound=Sized)


class Kept(Protocol):
    """A bounded memory: what was used last stays, and what a file has there goes with the file."""

    def get(self, path: str, kind: str) -> Any | None:
        """What was put there last for a file, or None."""
        ...

    def put(self, path: str, kind: str, value: Sized) -> None: ...


class Project(Protocol):
    """One workspace root. Nothing is read or parsed before it is asked for; open documents win over the disk."""

    @property
    def paths(self) -> Paths: ...

    @property
    def recent(self) -> Collection[str]:
        """Paths of other files that are open or were edited lately, the latest first."""
        ...

    @property
    def memo(self) -> MutableMapping[Hashable, Any]:
        """Room for what is found about imports: emptied when a file comes or goes, or a manifest changes.

        What is kept there about a file's text must look itself whether its outline is still the same.
        """
        ...

    @property
    def kept(self) -> Kept:
        """Room for what is made of the document under the cursor, or of several files for it.

        What is kept there must look itself whether it is still true. It holds no lines of other files.
        """
        ...

    def reading(self, path: str, read: Callable[[Document], S]) -> S | None:
        """What `read` makes of the text of a file, once per text; None where there is no such document.

        It is kept with the file: it counts in the file's size, and goes with it.
        """
        ...

    def document(self, path: str) -> Document | None:
        """The file, or None where it is not in the project or cannot be read as text."""
        ...

    def outline(self, path: str) -> Outline:
        """What the file defines and imports; empty where it has no grammar or cannot be read."""
        ...

    @property
    def source(self) -> ReadSource:
        """What reads source text, as `code.read_source` does: the same function each time."""
        ...

    def outline_within_budget(self, path: str) -> Outline:
        """The outline of a file that is only near; empty too where this prompt has parsed its share of such files."""
        ...

    def manifest(self, path: str, parse: Callable[[str], T]) -> T | None:
        """A project file such as tsconfig.json, parsed once per content.

        None where there is none, or where `parse` raises ValueError, which the log names once.
        """
        ...
