"""The folders that are open in the editor: which file is where in them, and which are left alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from pathspec import GitIgnoreSpec


class Workspace:
    """The workspace folders, in the client's order, and the files excluded from them."""

    def __init__(self, folders: Sequence[Path], exclude: Iterable[str]) -> None:
        self.folders = tuple(folders)
        self._exclude = GitIgnoreSpec.from_lines(exclude)

    def relative_path(self, path: Path) -> str:
        """The path as prompts show it: relative to its workspace folder, with forward slashes; outside, the name."""
        for folder in self.folders:
            if path.is_relative_to(folder):
                return path.relative_to(folder).as_posix()
        return path.name

    def excludes(self, path: Path) -> bool:
        return self._exclude.match_file(self.relative_path(path))
