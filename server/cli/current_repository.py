"""The repository that a command of `seekline learn` is about where none is named."""

from __future__ import annotations

from pathlib import Path

from ..errors import BadRequest


def current_repository() -> Path:
    """The one that the current folder is in. Raises `BadRequest`."""
    here = Path.cwd()
    found = git_root(here)
    if found is None:
        raise BadRequest(f"{here} is in no git repository.", "Name the folder to learn from.")
    return found


def git_root(folder: Path) -> Path | None:
    """The nearest folder with a git repository, from `folder` (an absolute path) upwards."""
    return next((up for up in (folder, *folder.parents) if (up / ".git").exists()), None)
