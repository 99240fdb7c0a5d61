"""The models on this machine's disk, in the Hugging Face cache that other tools share, and how they get there.

Nothing here opens a connection but `download`, and only when it is called.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import BrokenCheckpoint, DownloadFailed, ModelError, ModelNotInstalled, UnknownModel, UnsafeWeights
from .gguf_parts import first_parts
from .wanted import parts_of_file

# Before any request, the hub library asks the hub which programs count as "agents", to tell it whether it runs in one.
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

# Weights as safetensors only, and what describes them; a model's own code is text that stays unread unless allowed.
_WANTED = ["*.safetensors", "*.json", "*.txt", "*.py", "*.md", "LICENSE*"]
_DESCRIBING = ["*.json", "*.txt", "*.md", "LICENSE*"]
"""What of a repository comes along with one file of weights."""
_NO_FILES = [":"]
"""A pattern that no file's path matches."""
_CACHED = "models--"
"""What the hub library puts before `owner--name` in the name of a repository's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A repository in the cache. `revisions` are commits; `size_bytes` is on disk, shared files counted once."""

    repository: str
    revisions: tuple[str, ...]
    size_bytes: int


def cache_folder() -> Path:
    """Where the hub library keeps what it downloads (HF_HOME and HF_HUB_CACHE move it)."""
    from huggingface_hub.constants import HF_HUB_CACHE

    return Path(HF_HUB_CACHE)


def snapshot(repository: str, revision: str) -> Path:
    """The folder of an installed model whose files all belong together.

    Raises `ModelNotInstalled`, or `BrokenCheckpoint` where a download was interrupted.
    """
    return _snapshot(repository, revision, _WANTED)


def snapshot_folder(repository: str, revision: str) -> Path:
    """The folder that has what is here of a repository. Raises `ModelNotInstalled`."""
    return _snapshot(repository, revision, _NO_FILES)


def gguf_files(folder: Path) -> list[Path]:
    """The GGUF files in the folder of a repository, the largest first; of a file in parts, all of which are there, the
    first part."""
    found: list[Path] = []
    for path in first_parts(folder.rglob("*.gguf")):
        if all(path.with_name(name).is_file() for name in parts_of_file(path.name)):
            found.append(path)
    found.sort(key=_size, reverse=True)
    return found


def _size(file: Path) -> int:
    return sum(file.with_name(name).stat().st_size for name in parts_of_file(file.name))


def _snapshot(repository: str, revision: str, patterns: Sequence[str]) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    again = f"Run: seekline models download {repository}" + (f"@{revision}" if revision != "main" else "")
    try:
        found = snapshot_download(repository, revision=revision, allow_patterns=list(patterns), local_files_only=True)
        return Path(found)
    except HFValidationError as error:
        raise UnknownModel(
            f"{repository!r} is no repository name.", "Write it as owner/name or owner/name@revision."
        ) from error
    except LocalEntryNotFoundError as error:
        # The subclass for a half-downloaded snapshot came with huggingface-hub 1.x.
        if type(error).__name__ == "IncompleteSnapshotError":
            raise BrokenCheckpoint(
                f"The download of {repository} is incomplete.", f"{again} goes on with it."
            ) from error
        raise ModelNotInstalled(f"{repository} ({revision}) is not on this machine.", f"{again}.") from error


def installed() -> Iterator[Installed]:
    """Every model repository in the cache."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repositories = scan_cache_dir().repos
    except CacheNotFound:
        return
    for repo in sorted(repositories, key=lambda repo: repo.repo_id):
        if repo.repo_type == "model" and repo.revisions:
            commits = tuple(sorted(revision.commit_hash for revision in repo.revisions))
            yield Installed(repository=repo.repo_id, revisions=commits, size_bytes=repo.size_on_disk)


def repository_of(folder: Path) -> str | None:
    """The repository whose snapshot `folder` is, or was, in this cache or another; None for any other folder."""
    for cached, inside in zip(folder.parts, folder.parts[1:], strict=False):
        if cached.startswith(_CACHED) and inside == "snapshots":
            return cached.removeprefix(_CACHED).replace("--", "/", 1)
    return None


def remote_files(repository: str, revision: str, *, offline: bool) -> dict[str, int]:
    """The files of a repository on the hub, and their bytes. Raises `DownloadFailed`."""
    _check_online(repository, offline)
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    with _download_errors(repository, revision):
        found = HfApi().list_repo_tree(repository, revision=revision, recursive=True)
        return {one.path: one.size for one in found if isinstance(one, RepoFile)}


def download(repository: str, revision: str, *, offline: bool, file: str | None = None, force: bool = False) -> Path:
    """Fetches a model from the hub, with the hub library's own progress bars on stderr; returns its folder, or `file`,
    where that is wanted: a GGUF file's path in the repository. `force`: also what is here already.

    An interrupted download goes on where it stopped. Raises `DownloadFailed`, and `UnsafeWeights` before the first
    byte of weights where the repository has none as safetensors.
    """
    _check_online(repository, offline)
    from huggingface_hub import HfApi, snapshot_download

    with _download_errors(repository, revision):
        patterns = _WANTED
        if file is not None:
            patterns = [*_DESCRIBING, *map(_literal, parts_of_file(file))]
        else:
            names = HfApi().list_repo_files(repository, revision=revision)
            if not any(name.endswith(".safetensors") for name in names):
                raise UnsafeWeights(
                    f"{repository} ({revision}) has no weights as safetensors.",
                    "Choose another model or revision.",
                )
        folder = Path(snapshot_download(repository, revision=revision, allow_patterns=patterns, force_download=force))
    if file is not None and not (folder / file).is_file():
        raise DownloadFailed(f"{repository} ({revision}) has no file {file}.", "Choose another quantization.")
    return folder if file is None else folder / file


def _check_online(repository: str, offline: bool) -> None:
    if offline:
        raise DownloadFailed(
            f"{repository} was not downloaded: the setting offline is on.", "Set offline = false to allow it."
        )


@contextmanager
def _download_errors(repository: str, revision: str) -> Iterator[None]:
    """Raises `DownloadFailed` for whatever the hub library raises, which it changes with its HTTP client."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        raise DownloadFailed(
            f"{repository} ({revision}) could not be downloaded: {_first_line(error)}",
            "Check the name and the connection, then run the command again: it goes on where it stopped.",
        ) from error


def _literal(name: str) -> str:
    """A pattern that matches just this name."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)


def remove(repository: str) -> int:
    """Deletes every revision of a repository from the cache; returns the bytes freed.

    Raises `ModelNotInstalled`.
    """
    from huggingface_hub import scan_cache_dir

    found = next((one for one in installed() if one.repository.lower() == repository.lower()), None)
    if found is None:
        raise ModelNotInstalled(f"{repository} is not on this machine.", "See: seekline models list.")
    strategy = scan_cache_dir().delete_revisions(*found.revisions)
    strategy.execute()
    return strategy.expected_freed_size


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
