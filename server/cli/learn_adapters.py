"""`seekline learn adapters` and `seekline learn forget`: what was learned from which repository."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ... import model
from ..errors import BadRequest
from ..settings.config import workspace_of
from ..workspace import canonical
from .console import print_json, print_line, print_table
from .current_repository import git_root
from .options import JsonOption

RepositoryArgument = Annotated[
    Path | None, typer.Argument(metavar="REPOSITORY", help="Its folder; without it, the current one.")
]


def adapters(as_json: JsonOption = False) -> None:
    """List the adapters that were learned, with the repository and the model that each is for."""
    found = list(model.all_learned())
    if as_json:
        print_json([_as_json(one) for one in found])
        return
    if not found:
        print_line("Nothing was learned yet: `seekline learn train` learns from a repository.")
        return
    table = Table("repository", "model", "learned", "MB", "held-out loss", "other code", box=None, header_style="dim")
    for one in found:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.made))
        size = f"{one.size_bytes / 1e6:.1f}"
        table.add_row(
            escape(one.repository), escape(one.base), when, size, _change(one.held_out), _change(one.elsewhere)
        )
    print_table(table)


def forget(repository: RepositoryArgument = None) -> None:
    """Remove what was learned from a repository, for every model. Servers that run go on without it."""
    root = canonical(
        repository if repository is not None else git_root(Path.cwd()) or workspace_of(Path.cwd() / "file")
    )
    learned = model.learned_from(model.repository_folder(root))
    if learned is None:
        print_line(f"Nothing was learned from {root}. `seekline learn adapters` says what was.")
        return
    try:
        for below in [one for one in learned.folder.iterdir() if one.is_dir()]:
            model.withdraw(below)
    except OSError as error:
        raise BadRequest(f"{error.filename} cannot be removed: {error.strerror}.", "Mend its rights.") from error
    print_line(f"What was learned from {root} is forgotten.")


def _change(loss: float | None) -> str:
    return "-" if loss is None else f"{loss:+.1%}"


def _as_json(one: model.LearnedAdapter) -> dict[str, object]:
    return {
        "repository": one.repository,
        "model": one.base,
        "folder": str(one.folder),
        "made": one.made,
        "bytes": one.size_bytes,
        "held_out": one.held_out,
        "elsewhere": one.elsewhere,
    }
