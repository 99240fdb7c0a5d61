"""Where the adapters lie that were learned from the user's repositories, and which one is in force for a model.

    HOME/NAME-DIGEST/repository.json         one repository; written anew whenever something below it changes
    HOME/NAME-DIGEST/DIGEST/current.json     one base model: which of the adapters beside it is in force
    HOME/NAME-DIGEST/DIGEST/TIME/            an adapter, as PEFT saves it; `learned.json` in it may say what it gains

Any process may look at any time: what it finds is whole. Nothing here loads weights.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import blake2b
from pathlib import Path
from secrets import token_hex
from time import sleep, time
from typing import Any

import platformdirs

from .. import outside
from ..errors import ModelError
from .adapter_config import ADAPTER_CONFIG
from .base_identity import base_digest
from .sources import name_of_path

log = logging.getLogger(__name__)

HOME_VARIABLE = "SEEKLINE_ADAPTERS"
CURRENT = "current.json"
REPOSITORY = "repository.json"
GAINS = "learned.json"
_MOST_BYTES = 64 * 1024
_DIGEST_BYTES = 6

_ABANDONED_S = 86_400
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
    `made`: in seconds since 1970. `held_out`, `elsewhere`: how much the loss changed by it on files of the repository
    that it has not seen and on other code, as a part of what it was; None where that is not known."""

    repository: str
    base: str
    folder: Path
    made: float
    held_out: float | None = None
    elsewhere: float | None = None

    @property
    def size_bytes(self) -> int:
        return sum(file.stat().st_size for file in self.folder.iterdir() if file.is_file())


def adapters_home() -> Path:
    named = os.environ.get(HOME_VARIABLE)
    return Path(named).absolute() if named else platformdirs.user_data_path("seekline", appauthor=False) / "adapters"


def repository_folder(repository: Path) -> Path:
    """Where all lies that was learned from a repository."""
    return _folder_of_root(os.path.realpath(repository))


def repository_folders(folder: Path) -> tuple[Path, ...]:
    """Where all lies that concerns a folder: what was learned from itself, then from those around it up to the root of
    its git repository. Asks the disk about every folder on the way."""
    root = os.path.realpath(folder)
    above = [root, *map(str, Path(root).parents)]
    in_git = next((count for count, up in enumerate(above, 1) if os.path.lexists(f"{up}/.git")), 1)
    return tuple(_folder_of_root(up) for up in above[:in_git])


def _folder_of_root(root: str) -> Path:
    digest = blake2b(os.fsencode(root), digest_size=_DIGEST_BYTES).hexdigest()
    return adapters_home() / f"{_plain(Path(root).name)}-{digest}"


def learned_from(folder: Path) -> Learned | None:
    """What there is by now in a `repository_folder`; None where nothing is. It asks the disk once."""
    try:
        found = (folder / REPOSITORY).stat()
    except OSError:
        return None
    return Learned(folder=folder, state=(found.st_mtime_ns, found.st_size, found.st_ino))


def learned_folder(repository: Path, base: Path) -> Path:
    """Where the adapters of a repository for one model lie. `base`: its folder, or its file of weights.

    Raises what `base_digest` raises.
    """
    return _of_base(repository_folder(repository), base)


def learned_adapter(repository: Path, base: Path) -> Path | None:
    """The adapter in force for a repository and a model; None without one."""
    return adapter_in_force(repository_folder(repository), base)


def adapter_in_force(repository_folder: Path, base: Path) -> Path | None:
    """The same for what `repository_folder` gave."""
    try:
        folder = _of_base(repository_folder, base)
    except ModelError as error:  # whoever loads the model says what is wrong with it
        log.debug("nothing can have been learned for it: %s", error)
        return None
    current = _read(folder / CURRENT)
    while current is not None:
        adapter = _adapter(folder, current)
        before, current = current, _read(folder / CURRENT)
        if adapter is not None or current == before:
            return adapter
        # Else it was removed, because others took its place meanwhile.
    return None


def publish(folder: Path, draft: Path, *, repository: Path, base: Path) -> Path:
    """Puts an adapter in force: `draft`, a folder as PEFT saves it, is moved into `folder`, which `learned_folder` gave
    for `repository` and `base`. Returns where it lies then; of older ones the last stays. Raises `OSError`."""
    adapters_home().parent.mkdir(parents=True, exist_ok=True)
    for own in (adapters_home(), folder.parent, folder):
        own.mkdir(mode=0o700, exist_ok=True)
    made = datetime.now(timezone.utc)
    adapter = folder / f"{made:%Y%m%dT%H%M%S.%f}-{token_hex(2)}"
    unfinished = adapter.with_name(f".{adapter.name}")
    shutil.move(draft, unfinished)
    for file in unfinished.iterdir():
        _sync(file)  # so that no loss of power leaves what is in force without its weights
    unfinished.rename(adapter)
    before = _read(folder / CURRENT) or {}
    _write(folder / CURRENT, {"adapter": adapter.name, "base": name_of_path(base), "made": made.timestamp()})
    _say_changed(folder.parent, repository)
    for older in _superseded(folder, {adapter.name, before.get("adapter")}):
        shutil.rmtree(older, ignore_errors=True)
    return adapter


def withdraw(folder: Path) -> None:
    """Has nothing in force any more in what `learned_folder` gave, and removes what lies there. Raises `OSError` where
    something stays in force."""
    of_repository = folder.parent
    _when_closed(lambda: (folder / CURRENT).unlink(missing_ok=True))
    if any(of_repository.glob(f"*/{CURRENT}")):
        _say_changed(of_repository, None)
    else:
        _when_closed(lambda: (of_repository / REPOSITORY).unlink(missing_ok=True))
    shutil.rmtree(folder, ignore_errors=True)  # what somebody still reads on Windows, the next one takes along
    with suppress(OSError):  # there is more in it
        of_repository.rmdir()


def all_learned() -> Iterator[LearnedAdapter]:
    """All adapters that are in force, by repository."""
    for current in sorted(adapters_home().glob(f"*/*/{CURRENT}")):
        found, where = _read(current), _read(current.parent.parent / REPOSITORY)
        adapter = None if found is None else _adapter(current.parent, found)
        if adapter is not None and found is not None:
            gains = _read(adapter / GAINS) or {}
            yield LearnedAdapter(
                repository=str((where or {}).get("repository", current.parent.parent)),
                base=str(found.get("base", current.parent.name)),
                folder=adapter,
                made=_number(found, "made") or 0.0,
                held_out=_number(gains.get("held_out"), "relative"),
                elsewhere=_number(gains.get("elsewhere"), "relative"),
            )


def _number(table: object, key: str) -> float | None:
    found = table.get(key) if isinstance(table, dict) else None
    return float(found) if isinstance(found, (int, float)) else None


def _adapter(folder: Path, current: dict[str, Any]) -> Path | None:
    name = current.get("adapter")
    if not isinstance(name, str) or Path(name).name != name or not (folder / name / ADAPTER_CONFIG).is_file():
        return None
    return folder / name


def _superseded(folder: Path, kept: set[object]) -> Sequence[Path]:
    """The adapters that are not `kept`, by name, and what others have begun to publish and left."""
    found: list[Path] = []
    for path in folder.iterdir():
        is_draft = path.name.startswith(".")
        is_over = time() - path.stat().st_mtime > _ABANDONED_S if is_draft else path.name not in kept
        if path.is_dir() and is_over:
            found.append(path)
    return found


def _of_base(repository_folder: Path, base: Path) -> Path:
    digest = base_digest(base)
    return repository_folder / f"{_plain(Path(name_of_path(base)).name)}-{digest}"


def _plain(name: str) -> str:
    return _PLAIN.sub("_", name)[:60] or "_"


def _sync(path: Path) -> None:
    """Has the disk keep what was written to a file."""
    if path.is_file():
        with path.open("rb+") as file:
            os.fsync(file.fileno())


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
    path = before.get("repository") if repository is None else os.path.realpath(repository)
    _write(of_repository / REPOSITORY, {"repository": path, "changed": token_hex(8)})


def _write(path: Path, value: dict[str, Any]) -> None:
    """All of the file or nothing."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        _when_closed(lambda: Path(name).replace(path))
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _when_closed(change: Callable[[], object]) -> None:
    """On Windows no file is replaced or removed while somebody reads it."""
    for _ in range(_TRIES):
        try:
            change()
        except PermissionError:
            sleep(_TRY_S)
        else:
            return
    change()
