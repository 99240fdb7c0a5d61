"""The output folder where it lies in a repository that is learned from: nobody learns from it, commits it or shows it.

As other tools hide their caches, it has a `.gitignore` of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..errors import NotWritten
from ..files import draft_of
from ..recipe import RECIPE
from ..repository import Repository
from .in_use import IN_USE
from .report import HTML, JSON

_IGNORE = ".gitignore"
_HIDDEN = "# Made by seekline learn data.\n*\n"
INPUTS = "inputs.json"
STATE = "state"
_OWN = (RECIPE, INPUTS, JSON, HTML, "samples.jsonl", "instructions.jsonl", STATE, IN_USE)


def check_apart(repository: Repository, out: Path) -> None:
    """Raises `NotWritten` where the folder is the repository itself, or is none of `learn data` and has files of it,
    which would not be learned from."""
    if out.resolve() == repository.root:
        raise NotWritten(f"{out} is the repository itself.", "Give a folder that has nothing else: --out DIR.")
    if (out / RECIPE).is_file():
        return
    sources = [path for path in _inside(repository, out) if not path.endswith(f"/{IN_USE}")]
    if sources:
        raise NotWritten(
            f"{out} has files of the repository, as {sources[0]}.", "Give a folder that has nothing else: --out DIR."
        )


def paths_outside(repository: Repository, out: Path) -> list[str]:
    """The paths of a repository, sorted, without what lies in the output folder."""
    inside = set(_inside(repository, out))
    return [path for path in repository.paths() if path not in inside]


def hide(out: Path) -> None:
    """Has git and prompts leave the folder out, unless something lies there that is not a run's. Raises `OSError`."""
    own = {*_OWN, *(draft_of(out / name).name for name in _OWN)}
    if {path.name for path in out.iterdir()} <= own:
        (out / _IGNORE).write_text(_HIDDEN, "utf-8")


def _inside(repository: Repository, out: Path) -> Iterator[str]:
    folder = out.resolve()
    if folder.is_relative_to(repository.root):
        prefix = f"{folder.relative_to(repository.root).as_posix()}/"
        for path in repository.paths():
            if path.startswith(prefix):
                yield path
