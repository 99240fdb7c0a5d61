"""`seekline learn adapters` and `seekline learn forget`: what was learned from which repository."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ... import model
from ..settings.config import workspace_of
from .console import print_json, print_line, print_table
from .options import JsonOption

FolderArgument = Annotated[
    Path | None,
    typer.Argument(metavar="FOLDER", help="The repository; without it, the current one.", show_default=False),
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
    table = Table("repository", "model", "learned", "MB", box=None, header_style="dim")
    for one in found:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.made))
        table.add_row(one.repository, one.base, when, f"{one.size_bytes / 1e6:.1f}")
    print_table(table)


def forget(folder: FolderArgument = None) -> None:
    """Remove what was learned from a repository, for every model. Servers that run go on without it."""
    repository = folder if folder is not None else workspace_of(Path.cwd() / "file")
    learned = model.learned_from(model.repository_folder(repository))
    if learned is None:
        print_line(f"Nothing was learned from {repository}.")
        return
    for below in [one for one in learned.folder.iterdir() if one.is_dir()]:
        model.withdraw(below)
    print_line(f"What was learned from {repository} is forgotten.")


def _as_json(one: model.LearnedAdapter) -> dict[str, object]:
    return {
        "repository": one.repository,
        "model": one.base,
        "folder": str(one.folder),
        "made": one.made,
        "bytes": one.size_bytes,
    }
