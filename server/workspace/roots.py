"""The folders that are open in the editor: which file is where in them, and the index of each.

Files and folders are compared by their canonical paths (`canonical_paths`). A link that leads out of every root is
the only file that has its place by its name: where it leads to is no place of the workspace.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from ...fim.resolve import Project
from .buffers import Buffers
from .canonical_paths import canonical
from .exclusions import defaults
from .ignore import Rules
from .index import ProjectIndex
from .memory import Memory
from .refusals import Refusal, refusal_as_secret, refusal_by_setting
from .view import SingleFileProject, View

Happened = Literal["created", "changed", "deleted"]

OUTSIDE_BYTES = 16_000_000
"""What is made of documents in no root may take, estimated."""
_MAX_REFUSALS = 4096


class Root:
    """A workspace folder: `name` is the client's path of it, `folder` where it really is.

    `moved`: the name was seen to lead elsewhere by now.
    """

    def __init__(self, name: Path) -> None:
        self.name = name
        self.folder = canonical(name)
        self.moved = False
        self.identity = _identity(name)

    def is_another(self) -> bool:
        """Whether the folder is another one than at the last question, or came or went. It asks the disk once."""
        identity = _identity(self.name)
        if identity == self.identity:
            return False
        self.identity = identity
        self.moved = canonical(self.name) != self.folder
        return True

    def inside(self, path: Path) -> Path | None:
        """The path below `folder`, where it is written with the client's name of the root; None for others."""
        if not path.is_relative_to(self.name):
            return None
        return self.folder / path.relative_to(self.name)


class Workspace:
    """The workspace folders, in the client's order, and the files excluded from them by the setting `exclude`.

    A file belongs to the innermost folder that it is in. `buffers`: the editor's open files, which win over the disk.
    `libraries`: whether files of installed packages are found too, by who asks for them. `patient`: see `View`. Paths
    are absolute and without `..`; they may lead through links.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        exclude: Iterable[str],
        buffers: Buffers | None = None,
        *,
        libraries: bool = False,
        patient: bool = False,
    ) -> None:
        self.libraries = libraries
        self._patient = patient
        self.folders = tuple(folders)
        self._patterns = tuple(exclude)
        self._exclude = Rules(self._patterns, source="the setting exclude")
        self._buffers = Buffers() if buffers is None else buffers
        self._outside = Memory(OUTSIDE_BYTES)
        self._refusals: dict[tuple[Path, Path], Refusal | None] = {}
        roots = {root.folder: root for root in reversed([Root(name) for name in self.folders])}
        self._roots = {folder: roots[folder] for folder in sorted(roots, key=lambda folder: -len(folder.parts))}
        self._indexes = {
            folder: ProjectIndex(
                folder,
                self._exclude,
                self._buffers,
                [inner.relative_to(folder).as_posix() for inner in roots if _is_below(inner, folder)],
                libraries=libraries,
            )
            for folder in self._roots
        }

    def replaced(self, folders: Sequence[Path], exclude: Iterable[str], *, libraries: bool = False) -> Workspace:
        """The workspace with these folders and settings: itself, or one that keeps every index that stays right."""
        made = Workspace(folders, exclude, self._buffers, libraries=libraries, patient=self._patient)
        made._outside = self._outside
        if made._patterns == self._patterns and made.libraries == self.libraries:
            if made._identities() == self._identities():
                return self
            for folder, index in self._indexes.items():
                if folder in made._indexes and index.without == made._indexes[folder].without:
                    made._indexes[folder] = index
                    if made._roots[folder].identity != self._roots[folder].identity:
                        index.notice("", appeared=True)
        return made

    def _identities(self) -> list[object]:
        return [self.folders, *[(root.folder, root.identity) for root in self._roots.values()]]

    def looked_again(self) -> Workspace:
        """The workspace as the disk has it by now: itself, unless the name of a root leads elsewhere."""
        if not any(root.moved for root in self._roots.values()):
            return self
        self._buffers.look_again()
        return self.replaced(self.folders, self._patterns, libraries=self.libraries)

    def relative_path(self, path: Path) -> str:
        """The path as prompts show it: relative to its workspace folder, with forward slashes; outside, the name."""
        return self._place(path)[1]

    def refusal(self, path: Path) -> Refusal | None:
        """Why a file is never completed in; None where it may be.

        All that completes or makes prompts asks here. A file that comes through links is excluded by any of its names.
        """
        file = self._buffers.file_of(path)
        if (path, file) not in self._refusals:
            if len(self._refusals) >= _MAX_REFUSALS:
                self._refusals.clear()
            self._refusals[path, file] = self._refusal(file) or self._refusal(path)
        return self._refusals[path, file]

    def _refusal(self, path: Path) -> Refusal | None:
        index, relative = self._listed(path)
        # Where no root is around it, every folder above it may tell that it is a secret: `~/.ssh/config`.
        whole = relative if index is not None else path.as_posix().lstrip("/")
        return refusal_as_secret(whole) or refusal_by_setting(self._patterns, self._exclude, relative)

    def project_of(self, path: Path, lines: Sequence[str] | None = None) -> Project:
        """The root of a file as one prompt about the file sees it; ask again for the next prompt.

        `lines`: the file's text with line ends, where neither the disk nor an open document has it. It is cheap to ask
        on any thread; what it gives lists and reads when it is used, which the event loop must leave to another thread.
        """
        index, relative = self._place(path)
        if index is not None:
            is_another = self._roots[index.root].is_another
            return View(index, relative, lines, is_another=is_another, patient=self._patient)
        if lines is not None:
            return SingleFileProject(relative, lambda: lines, self._outside)
        buffer = self._buffers.get(self._buffers.file_of(path))
        return SingleFileProject(relative, None if buffer is None else buffer.lines, self._outside)

    @property
    def used_bytes(self) -> int:
        """What is kept in memory of files and of what was made of them, estimated."""
        return self._outside.used_bytes + sum(index.used_bytes for index in self._indexes.values())

    def changed(self, path: Path, what: Happened) -> bool:
        """The editor tells of a file or folder on the disk; a rename comes as a deletion and a creation.

        Whether prompts may be other ones now. Reads the disk: not on the event loop.
        """
        if what != "changed":
            self._buffers.changed(path)
        is_root = False
        for root in self._roots.values():
            if path in (root.name, root.folder) and what != "changed":
                self._indexes[root.folder].notice("", appeared=True)
                is_root = True
        index, relative = self._listed(path)
        if index is None and path.is_absolute():
            # It comes by another name of the root. The last part stays, which may be a link itself.
            index, relative = self._listed(self._buffers.file_of(path.parent) / path.name)
        if index is None or not (relative == ".git/info/exclude" or _matters(relative)):
            return is_root
        index.notice(relative, appeared=what != "changed")
        return index.look_at_events(relative) or is_root

    def list_again(self) -> None:
        """Too much happened to look at one by one."""
        self._buffers.look_again()
        for index in self._indexes.values():
            index.mark_stale()

    def _place(self, path: Path) -> tuple[ProjectIndex | None, str]:
        """The root of a file and the path in it; outside of all roots None and the file's name."""
        found = self._listed(self._buffers.file_of(path))
        if found[0] is None:
            found = self._listed(path)
        return found

    def _listed(self, path: Path) -> tuple[ProjectIndex | None, str]:
        """The same by how the path is written, without a look at links below the root."""
        for folder, root in self._roots.items():
            index = self._indexes[folder]
            for written in (path, root.inside(path)):
                relative = None if written is None else index.relative(written)
                if relative is not None:
                    return index, relative
        return None, path.name


def _is_below(inner: Path, folder: Path) -> bool:
    return inner != folder and inner.is_relative_to(folder)


def _identity(folder: Path) -> object:
    """Another one for each folder that there was in a place; None for none."""
    try:
        status = os.stat(folder)  # noqa: PTH116 - asked for each prompt
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _matters(path: str) -> bool:
    """Whether a path is in no folder that is never looked into."""
    return defaults().folders.isdisjoint(path.split("/"))
