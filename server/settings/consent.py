"""Which model folders the user has agreed to load, although a workspace or an editor named them.

That is remembered in one file in the user's own state folder, by canonical path. Whatever is wrong with the file,
nobody has agreed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ... import model
from ..state_folder import state_folder
from .config import Config

_MOST_BYTES = 256 * 1024

Version = tuple[int, int, int] | None
"""What changes whenever the file does; None where there is none."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    folders: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """The folders that may be loaded, by their canonical paths. `problem`: why nothing could be read."""

    folders: frozenset[Path]
    problem: str | None = None


def state_file() -> Path:
    return state_folder() / "model-folders.json"


def version() -> Version:
    """The version of the file, to see that the user agreed elsewhere meanwhile."""
    try:
        found = state_file().stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def read() -> Agreed:
    """What the user has agreed to so far."""
    path = state_file()
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            return _unreadable(path, f"it has more than {_MOST_BYTES} bytes")
        return Agreed(folders=frozenset(map(Path, _File.model_validate_json(content).folders)))
    except FileNotFoundError:
        return Agreed(folders=frozenset())
    except OSError as error:
        return _unreadable(path, error.strerror or str(error))
    except ValidationError as error:
        return _unreadable(path, error.errors()[0]["msg"])


def _unreadable(path: Path, why: str) -> Agreed:
    problem = f"{path} cannot be read ({why}), so no model folder counts as agreed to. Delete the file, and agree anew."
    return Agreed(folders=frozenset(), problem=problem)


def agree(folder: Path) -> None:
    """Remembers that `folder`, a canonical path, may be loaded. Raises OSError where it cannot be written down."""
    _write({*read().folders, folder})


def forget(folder: Path) -> bool:
    """Takes it back; whether it had been agreed to. Raises OSError as `agree` does."""
    folders = read().folders
    if folder in folders:
        _write(folders - {folder})
    return folder in folders


def _write(folders: Iterable[Path]) -> None:
    """All of the file or nothing, and readable by nobody else."""
    path, content = state_file(), _File(folders=sorted(map(str, folders))).model_dump_json(indent=2)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # which only its owner may read
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)  # noqa: PTH105 - beside mkstemp's names
    except BaseException:
        os.unlink(name)  # noqa: PTH108
        raise


def loadable(config: Config, tell: Callable[[str], None] = lambda _: None) -> frozenset[Path] | None:
    """The folders that may be loaded under these settings; None where they are all named by the user's own.

    `tell` is told what is wrong with the memory. Reads the disk.
    """
    settings = config.settings
    named = {"model": settings.model, "draft_model": settings.draft_model, "adapter": settings.adapter}
    others = [name for key, name in named.items() if key in config.by_others and model.is_path(name)]
    if not others:
        return None
    agreed = read()
    if agreed.problem is not None:
        tell(agreed.problem)
    own = [name for key, name in named.items() if key not in config.by_others and model.is_path(name)]
    return agreed.folders | {model.canonical_path(name, base=Path()) for name in own}
