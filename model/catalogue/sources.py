"""From the setting `model` to a folder or a file on this machine, and whether it may be loaded."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ..errors import BrokenCheckpoint, ModelNotInstalled, PathNotAgreed, UnknownModel
from . import hub
from .catalogue import EMBEDDED, Entry, all_entries, entry_of_repository, nearest_names
from .checkpoint import is_weights_file

# A revision becomes part of a path in the hub's cache, which it must not leave.
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+(@(?!/)(?!.*\.\.)[\w./-]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A model on this machine. `name`: its catalogue name, repository or absolute path. `path`: its folder, or the one
    file that has its weights. `entry`: of the catalogue, if any."""

    name: str
    path: Path
    entry: Entry | None

    @property
    def folder(self) -> Path:
        """Where what belongs to the weights lies beside them."""
        return self.path.parent if is_weights_file(self.path) else self.path

    @property
    def is_path(self) -> bool:
        """Whether it was named as a path, and is not from the catalogue or the hub."""
        return self.name == str(self.path)


def embedded_folder() -> Path:
    return Path(__file__).parents[1] / "embedded"


def name_of_path(path: Path) -> str:
    """What `find_source` finds a folder or file by: a catalogue name, a repository, or the path itself."""
    if path == embedded_folder().resolve():
        return EMBEDDED
    repository = hub.repository_of(path)
    if repository is None:
        return str(path)
    entry = entry_of_repository(repository)
    return entry.name if entry else repository


def find_source(model: str, *, base: Path) -> Source:
    """The model that `model` names: a catalogue name, `owner/name[@revision]`, a folder, or a file of weights.

    These are written as paths (`./folder`, `~/model.gguf`, `/folder`), relative to `base`: a folder that a workspace
    happens to have can never stand in for a repository of the same name.

    Raises `UnknownModel`, `ModelNotInstalled`, or `BrokenCheckpoint` where its download is incomplete.
    """
    if entry := all_entries().get(model):
        return _of_entry(entry)
    if is_path(model):
        path = canonical_path(model, base=base)
        return Source(name=str(path), path=path, entry=None)
    if _REPOSITORY.fullmatch(model):
        repository, revision = split_revision(model)
        if revision.startswith("/") or ".." in revision.split("/"):
            # The hub library makes a path of it, which would lead to any folder.
            raise UnknownModel(f"{revision!r} is no revision.", "Write a branch, a tag or a commit behind the @.")
        entry = entry_of_repository(repository)
        return Source(name=model, path=hub.snapshot(repository, revision), entry=entry)
    raise no_such_model(model)


def canonical_path(path: str, *, base: Path) -> Path:
    """The folder or file of weights that `path`, relative to `base`, leads to, without a link in its own path.

    Raises `UnknownModel` where there is none.
    """
    remedy = "Name a folder that holds config.json, or a .gguf or .safetensors file."
    try:
        found = (base / Path(path).expanduser()).resolve()
        is_folder, is_file = found.is_dir(), found.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # too long, a loop of links, no such user, a null character
        raise UnknownModel(f"{path!r} cannot be a model: {error}.", remedy) from error
    if not is_folder and not is_file:
        raise UnknownModel(f"There is no folder or file {found}.", remedy)
    if is_file and not is_weights_file(found):
        raise UnknownModel(f"{found} is neither a folder nor a .gguf or .safetensors file.", remedy)
    return found


def check_agreed(source: Source, agreed: Collection[Path] | None) -> Source:
    """`source`, where it may be loaded: `agreed`: what may, by canonical paths; None: all.

    What is checked is what will be opened, so a link that changes in between changes nothing. Raises
    `PathNotAgreed`.
    """
    if agreed is None or not source.is_path or source.path in agreed:
        return source
    raise PathNotAgreed(source.path)


def no_such_model(name: str) -> UnknownModel:
    """The error for a name that is neither in the catalogue nor a repository's or a path."""
    near = nearest_names(name)
    return UnknownModel(
        f"There is no model named {name!r}.",
        (f"Did you mean {' or '.join(near)}? " if near else "")
        + "`seekline models list` shows the names; owner/name, ./folder and ./file.gguf work too.",
    )


def split_revision(model: str) -> tuple[str, str]:
    """`owner/name@revision` as its two parts; without one, `main`."""
    repository, _, revision = model.partition("@")
    return repository, revision or "main"


def installed_entries() -> list[Source]:
    """The catalogue's models that are whole on this machine, the best first; the embedded one always is."""
    there = {one.repository.lower() for one in hub.installed()}
    found: list[Source] = []
    for entry in all_entries().values():
        if entry.repository is None or entry.repository.lower() in there:
            try:
                found.append(_of_entry(entry))
            except (ModelNotInstalled, BrokenCheckpoint):
                continue
    return found


def _of_entry(entry: Entry) -> Source:
    if entry.name == EMBEDDED:
        return Source(name=entry.name, path=embedded_folder(), entry=entry)
    assert entry.repository is not None
    return Source(name=entry.name, path=hub.snapshot(entry.repository, entry.revision), entry=entry)


def is_path(model: str) -> bool:
    """Whether a model is named as a path to a folder or a file."""
    return model.startswith((".", "/", "~")) or "\\" in model or model[1:2] == ":"
