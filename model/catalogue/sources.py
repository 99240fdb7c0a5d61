"""From the setting `model` to a folder on this machine, and whether that folder may be loaded."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ..errors import BrokenCheckpoint, FolderNotAgreed, ModelNotInstalled, UnknownModel
from . import hub
from .catalogue import EMBEDDED, Entry, all_entries, entry_of_repository, nearest_names

# A revision becomes part of a path in the hub's cache, which it must not leave.
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+(@(?!/)(?!.*\.\.)[\w./-]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A model on this machine: its catalogue name, repository or absolute folder; its catalogue entry, if any."""

    name: str
    folder: Path
    entry: Entry | None

    @property
    def is_folder(self) -> bool:
        """Whether it was named as a path, and is not from the catalogue or the hub."""
        return self.name == str(self.folder)


def embedded_folder() -> Path:
    return Path(__file__).parents[1] / "embedded"


def name_of_folder(folder: Path) -> str:
    """What `find_source` finds a folder by: a catalogue name, a repository, or the folder itself."""
    if folder == embedded_folder().resolve():
        return EMBEDDED
    repository = hub.repository_of(folder)
    if repository is None:
        return str(folder)
    entry = entry_of_repository(repository)
    return entry.name if entry else repository


def find_source(model: str, *, base: Path) -> Source:
    """The model that `model` names: a catalogue name, `owner/name[@revision]`, or a folder.

    A folder is written as a path (`./folder`, `~/folder`, `/folder`), relative to `base`: a folder that a workspace
    happens to have can never stand in for a repository of the same name.

    Raises `UnknownModel`, `ModelNotInstalled`, or `BrokenCheckpoint` where its download is incomplete.
    """
    if entry := all_entries().get(model):
        return _of_entry(entry)
    if is_path(model):
        folder = canonical_folder(model, base=base)
        return Source(name=str(folder), folder=folder, entry=None)
    if _REPOSITORY.fullmatch(model):
        repository, revision = split_revision(model)
        if revision.startswith("/") or ".." in revision.split("/"):
            # The hub library makes a path of it, which would lead to any folder.
            raise UnknownModel(f"{revision!r} is no revision.", "Write a branch, a tag or a commit behind the @.")
        entry = entry_of_repository(repository)
        return Source(name=model, folder=hub.snapshot(repository, revision), entry=entry)
    raise no_such_model(model)


def canonical_folder(path: str, *, base: Path) -> Path:
    """The folder that `path`, relative to `base`, leads to, without a link in its own path.

    Raises `UnknownModel` where there is none.
    """
    remedy = "Name a folder that holds config.json."
    try:
        folder = (base / Path(path).expanduser()).resolve()
        there = folder.is_dir()
    except (OSError, RuntimeError, ValueError) as error:  # too long, a loop of links, no such user, a null character
        raise UnknownModel(f"{path!r} cannot be a folder: {error}.", remedy) from error
    if not there:
        raise UnknownModel(f"There is no folder {folder}.", remedy)
    return folder


def check_agreed(source: Source, agreed: Collection[Path] | None) -> Source:
    """`source`, where it may be loaded: `agreed` are the folders that may, by their canonical paths; None: all.

    What is checked is the folder that will be opened, so a link that changes in between changes nothing. Raises
    `FolderNotAgreed`.
    """
    if agreed is None or not source.is_folder or source.folder in agreed:
        return source
    raise FolderNotAgreed(source.folder)


def no_such_model(name: str) -> UnknownModel:
    """The error for a name that is neither in the catalogue nor a repository's or a folder's."""
    near = nearest_names(name)
    return UnknownModel(
        f"There is no model named {name!r}.",
        (f"Did you mean {' or '.join(near)}? " if near else "")
        + "`seekline models list` shows the names; owner/name and ./folder work too.",
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
        return Source(name=entry.name, folder=embedded_folder(), entry=entry)
    assert entry.repository is not None
    return Source(name=entry.name, folder=hub.snapshot(entry.repository, entry.revision), entry=entry)


def is_path(model: str) -> bool:
    """Whether a model is named as a path to a folder."""
    return model.startswith((".", "/", "~")) or "\\" in model or model[1:2] == ":"
