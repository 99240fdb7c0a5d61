"""Files and folders that are there whole or not at all, so that a killed run leaves nothing half written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Gives a path to write to; what lies there in the end, file or folder, takes the place of `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    _remove(draft)
    yield draft
    if path.is_dir():
        shutil.rmtree(path)
    draft.replace(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
