"""The folders that are open in the editor: which file is where in them, and the index of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from ...fim.resolve import Project
from .buffers import Buffers
from .exclusions import defaults
from .ignore import Rules
from .index import ProjectIndex
from .view import Alone, View

Happened = Literal["created", "changed", "deleted"]


class Workspace:
    """The workspace folders, in the client's order, and the files excluded from them by the setting `exclude`.

    A file belongs to the innermost folder that it is in. `buffers`: the editor's open files, which win over the disk.
    `libraries`: whether files of installed packages are found too, by who asks for them.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        exclude: Iterable[str],
        buffers: Buffers | None = None,
        *,
        libraries: bool = False,
    ) -> None:
        self.libraries = libraries
        self.folders = tuple(folders)
        self._patterns = tuple(exclude)
        self._exclude = Rules(self._patterns, source="the setting exclude")
        self._buffers = Buffers() if buffers is None else buffers
        roots = dict.fromkeys(self.folders)
        self._indexes = {
            root: ProjectIndex(
                root,
                self._exclude,
                self._buffers,
                [inner.relative_to(root).as_posix() for inner in roots if inner != root and inner.is_relative_to(root)],
                libraries=libraries,
            )
            for root in sorted(roots, key=lambda root: -len(root.parts))
        }

    def replaced(self, folders: Sequence[Path], exclude: Iterable[str], *, libraries: bool = False) -> Workspace:
        """The workspace with these folders and settings: itself, or one that keeps every index that stays right."""
        made = Workspace(folders, exclude, self._buffers, libraries=libraries)
        if made._patterns == self._patterns and made.libraries == self.libraries:
            if made.folders == self.folders:
                return self
            for root, index in self._indexes.items():
                if root in made._indexes and index.without == made._indexes[root].without:
                    made._indexes[root] = index
        return made

    def relative_path(self, path: Path) -> str:
        """The path as prompts show it: relative to its workspace folder, with forward slashes; outside, the name."""
        return self._place(path)[1]

    def excludes(self, path: Path) -> bool:
        """Whether the setting `exclude` leaves a file out, by itself or by a folder that it is in."""
        parts = self.relative_path(path).split("/")
        return any(
            self._exclude.verdict("/".join(parts[:end]), parts[end - 1], folder=end < len(parts))
            for end in range(1, len(parts) + 1)
        )

    def project_of(self, path: Path, lines: Sequence[str] | None = None) -> Project:
        """The root of a file as one prompt about the file sees it; ask again for the next prompt.

        `lines`: the file's text with line ends, where neither the disk nor an open document has it. It is cheap to ask
        on any thread; what it gives lists and reads when it is used, which the event loop must leave to another thread.
        """
        index, relative = self._place(path)
        if index is not None:
            return View(index, relative, lines)
        if lines is not None:
            return Alone(relative, lambda: lines)
        buffer = self._buffers.get(path)
        return Alone(relative, None if buffer is None else buffer.lines)

    def changed(self, path: Path, what: Happened) -> None:
        """The editor tells of a file or folder on the disk; a rename comes as a deletion and a creation."""
        index, relative = self._place(path)
        if index is not None and (relative == ".git/info/exclude" or _matters(relative)):
            index.notice(relative, appeared=what != "changed")

    def list_again(self) -> None:
        """Too much happened to look at one by one."""
        for index in self._indexes.values():
            index.mark_stale()

    def _place(self, path: Path) -> tuple[ProjectIndex | None, str]:
        for index in self._indexes.values():
            if (relative := index.relative(path)) is not None:
                return index, relative
        return None, path.name


def _matters(path: str) -> bool:
    """Whether a path is in no folder that is never looked into."""
    return defaults().folders.isdisjoint(path.split("/"))
