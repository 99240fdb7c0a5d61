"""Where the adapters lie that were learned from the user's repositories, and which one is in force for a model.

    HOME/NAME-DIGEST/repository.json       one repository; written anew whenever something below it changes
    HOME/NAME-DIGEST/DIGEST/current.json   one base model: which of the adapters beside it is in force
    HOME/NAME-DIGEST/DIGEST/TIME/          an adapter, as PEFT saves it

Any process may look at any time: what it finds is whole. Nothing here loads weights.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from hashlib import blake2b
from pathlib import Path
from secrets import token_hex
from time import sleep
from typing import Any

import platformdirs

from .. import outside
from ..errors import ModelError, UnreadableFile
from .adapter_config import ADAPTER_CONFIG
from .checkpoint import is_weights_file
from .sources import name_of_path

HOME_VARIABLE = "SEEKLINE_ADAPTERS"
CURRENT = "current.json"
REPOSITORY = "repository.json"
_MOST_BYTES = 64 * 1024
_TAIL_BYTES = 64 * 1024
_DIGEST_BYTES = 6
_KEPT = 2
_TRIES, _TRY_S = 40, 0.05
_PLAIN = re.compile(r"[^A-Za-z0-9._-]")

State = tuple[int, int, int]
"""Another one whenever something was learned or forgotten: time, size and number of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What was learned from a repository, as far as it concerns whoever is to run it: where it lies, and its state."""

    folder: Path
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedAdapter:
    """An adapter that is in force. `repository`: the folder that it was learned from; `base`: the name of its model.
    `made`: in seconds since 1970."""

    repository: str
    base: str
    folder: Path
    made: float

    @property
    def size_bytes(self) -> int:
        return sum(file.stat().st_size for file in self.folder.iterdir() if file.is_file())


def adapters_home() -> Path:
    named = os.environ.get(HOME_VARIABLE)
    return Path(named) if named else platformdirs.user_data_path("seekline", appauthor=False) / "adapters"


def repository_folder(repository: Path) -> Path:
    """Where all lies that was learned from a repository. A folder inside a git repository means all of that."""
    root = repository.resolve()
    root = next((up for up in (root, *root.parents) if (up / ".git").exists()), root)
    return adapters_home() / f"{_plain(root.name)}-{_digest(os.fsencode(root))}"


def learned_from(folder: Path) -> Learned | None:
    """What there is by now in a `repository_folder`; None where nothing is. It asks the disk once."""
    try:
        found = (folder / REPOSITORY).stat()
    except OSError:
        return None
    return Learned(folder=folder, state=(found.st_mtime_ns, found.st_size, found.st_ino))


def learned_folder(repository: Path, base: Path) -> Path:
    """Where the adapters of a repository for one model lie. `base`: its folder, or its file of weights.

    Raises `UnreadableFile` where its configuration or weights cannot be read.
    """
    return _folder_of(repository_folder(repository), base)


def learned_adapter(repository: Path, base: Path) -> Path | None:
    """The adapter in force for a repository and a model; None without one."""
    return adapter_in_force(repository_folder(repository), base)


def adapter_in_force(repository_folder: Path, base: Path) -> Path | None:
    """The same for what `repository_folder` gave."""
    try:
        folder = _folder_of(repository_folder, base)
    except UnreadableFile:
        return None
    found = _read(folder / CURRENT)
    return None if found is None else _adapter(folder, found)


def publish(folder: Path, draft: Path, *, repository: Path, base: Path) -> Path:
    """Puts an adapter in force: `draft`, a folder as PEFT saves it, is moved into `folder`, which `learned_folder` gave
    for `repository` and `base`. Returns where it lies then; of older ones the last stays. Raises `OSError`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = datetime.now(timezone.utc)
    adapter = folder / f"{made:%Y%m%dT%H%M%S.%f}-{token_hex(2)}"
    unfinished = adapter.with_name(f".{adapter.name}")
    shutil.move(draft, unfinished)
    unfinished.rename(adapter)
    _write(folder / CURRENT, {"adapter": adapter.name, "base": name_of_path(base), "made": made.timestamp()})
    _say_changed(folder.parent, repository)
    for older in sorted(_adapters(folder))[:-_KEPT]:
        shutil.rmtree(older, ignore_errors=True)
    return adapter


def withdraw(folder: Path) -> None:
    """Has nothing in force any more in what `learned_folder` gave, and removes what lies there. Raises `OSError`."""
    (folder / CURRENT).unlink(missing_ok=True)
    if folder.is_dir():
        shutil.rmtree(folder)
    of_repository = folder.parent
    if not of_repository.is_dir():
        return
    if any(of_repository.glob(f"*/{CURRENT}")):
        _say_changed(of_repository, None)
    else:
        shutil.rmtree(of_repository)


def all_learned() -> Iterator[LearnedAdapter]:
    """All adapters that are in force, by repository."""
    for current in sorted(adapters_home().glob(f"*/*/{CURRENT}")):
        found, where = _read(current), _read(current.parent.parent / REPOSITORY)
        adapter = None if found is None else _adapter(current.parent, found)
        if adapter is not None and found is not None:
            yield LearnedAdapter(
                repository=str((where or {}).get("repository", current.parent.parent)),
                base=str(found.get("base", current.parent.name)),
                folder=adapter,
                made=float(found.get("made", 0)),
            )


def _adapter(folder: Path, current: dict[str, Any]) -> Path | None:
    name = current.get("adapter")
    if not isinstance(name, str) or Path(name).name != name or not (folder / name / ADAPTER_CONFIG).is_file():
        return None
    return folder / name


def _adapters(folder: Path) -> Iterator[Path]:
    return (one for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))


def _folder_of(repository_folder: Path, base: Path) -> Path:
    files = [base] if is_weights_file(base) else [base / "config.json", *sorted(base.glob("*.safetensors"))]
    try:
        states = [file.stat() for file in files]
    except OSError as error:
        raise UnreadableFile(base, f"cannot be looked at: {error.strerror or error}") from error
    known = tuple((file, state.st_size, state.st_mtime_ns) for file, state in zip(files, states, strict=True))
    return repository_folder / _base_digest(known)


@cache
def _base_digest(files: tuple[tuple[Path, int, int], ...]) -> str:
    """What tells the weights of a model from those of another, wherever they lie: of each file the name, the size and
    the end. Models that were tuned from one base differ in nothing else. `files`: with size and time."""
    parts: list[bytes] = []
    for path, size, _ in files:
        with outside.open_file(path) as file:
            file.seek(max(0, size - _TAIL_BYTES))
            parts += [path.name.encode("utf-8", "replace"), b"%d" % size, file.read(_TAIL_BYTES)]
    return _digest(*parts)


def _digest(*parts: bytes) -> str:
    digest = blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        digest.update(b"%d:" % len(part) + part)
    return digest.hexdigest()


def _plain(name: str) -> str:
    return _PLAIN.sub("_", name)[:60] or "_"


def _read(path: Path) -> dict[str, Any] | None:
    """What one of our own files says; None where it is not there, or is none of ours."""
    try:
        with outside.open_file(path) as file:
            found = json.loads(file.read(_MOST_BYTES))
    except (ModelError, OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _say_changed(of_repository: Path, repository: Path | None) -> None:
    """Gives what was learned from a repository another state."""
    before = _read(of_repository / REPOSITORY) or {}
    path = before.get("repository") if repository is None else str(repository.resolve())
    _write(of_repository / REPOSITORY, {"repository": path, "changed": token_hex(8)})


def _write(path: Path, value: dict[str, Any]) -> None:
    """All of the file or nothing."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        _replace(Path(name), path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _replace(draft: Path, path: Path) -> None:
    """On Windows nothing takes the place of a file while somebody reads it."""
    for attempt in range(_TRIES):
        try:
            draft.replace(path)
        except PermissionError:
            if attempt == _TRIES - 1:
                raise
            sleep(_TRY_S)
        else:
            return
