"""`seekline models`: which there are, and their way onto this machine and off it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ... import model
from ..errors import BadRequest
from ..settings import consent
from .console import err, out, print_json, print_line, print_note
from .effective import load_config
from .options import JsonOption

app = typer.Typer(help="List, download and remove models.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="A name from `models list`, or owner/name[@revision].")]
FolderArgument = Annotated[str | None, typer.Argument(help="A model folder.", show_default=False)]
ForgetOption = Annotated[bool, typer.Option("--forget", help="Take it back.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Agree without being asked.")]


@app.command("list")
def list_models(as_json: JsonOption = False) -> None:
    """Show every model that Seekline knows by name, the best first, and which are on this machine."""
    there = {one.repository.lower(): one for one in model.installed()}
    rows = [_row(entry, there) for entry in model.all_entries().values()]
    known = {str(row["repository"]).lower() for row in rows}
    others = [one.repository for name, one in there.items() if name not in known]
    if as_json:
        print_json({"models": rows, "others": others})
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("", "name", "fills in"):
        table.add_column(column, no_wrap=True)
    for column in ("context", "16 bit", "int8", "nf4"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            "[green]✓[/]" if row["installed"] else "",
            row["name"],
            "yes" if row["fills_in"] else "no",
            f"{row['context_tokens']:,}",
            *(_size(row["bytes"].get(quantization)) for quantization in ("none", "int8", "nf4")),
        )
    out.print(table)
    if others:
        out.print(f"\nAlso in the cache, usable by these names: {', '.join(others)}", highlight=False)
    err.print("\n[dim]✓ on this machine.  seekline models download NAME shows another's licence and fetches it.[/]")


def _row(entry: model.Entry, there: dict[str, model.Installed]) -> dict[str, Any]:
    return {
        "name": entry.name,
        "repository": entry.repository,
        "installed": entry.repository is None or entry.repository.lower() in there,
        "parameters": entry.parameters,
        "context_tokens": entry.context_tokens,
        "fills_in": entry.fills_in,
        "bytes": dict(entry.weight_bytes),
        "licence": entry.licence.title,
    }


@app.command()
def download(name: NameArgument, yes: YesOption = False) -> None:
    """Fetch a model from the Hugging Face hub, once its licence is agreed to."""
    settings = load_config(Path.cwd()).settings
    repository, revision, entry = _on_hub(name)
    if entry is not None:
        licence = entry.licence
        size = entry.weight_bytes["none"] / 1e9
        err.print(f"[bold]{entry.name}[/] ({size:.1f} GB) is under the {licence.title}.", highlight=False)
        err.print(f"{licence.summary}\n{licence.url}", highlight=False)
    else:
        err.print(f"The licence of {repository} is at https://huggingface.co/{repository}", highlight=False)
    if not settings.offline:
        _agree("Do you agree to it?", yes)
    folder = model.download(repository, revision, offline=settings.offline)
    model.inspect(folder)
    print_line(f"{name} is ready: {folder}")


@app.command()
def remove(name: NameArgument, yes: YesOption = False) -> None:
    """Delete a downloaded model, all its revisions, from the Hugging Face cache."""
    repository, _, _ = _on_hub(name)
    _agree(f"Delete {repository} from this machine's cache, which other tools share?", yes)
    freed = model.remove(repository)
    out.print(f"{repository} is removed, {freed / 1e9:.1f} GB are free again.", highlight=False)


@app.command()
def trust(folder: FolderArgument = None, forget: ForgetOption = False) -> None:
    """Agree to load a model folder that a workspace or an editor names; without one, list those agreed to.

    Its weights are read; no code in it is run.
    """
    if folder is None and forget:
        raise BadRequest("--forget needs a folder.", "`seekline models trust` lists those agreed to.")
    agreed = consent.read()
    if agreed.problem is not None:
        print_note(agreed.problem)
    if folder is None:
        for one in sorted(agreed.folders):
            print_line(str(one))
        if not agreed.folders:
            err.print("[dim]No folder is agreed to.  seekline models trust FOLDER agrees to one.[/]")
        return
    try:
        print_line(_forget(folder) if forget else _agree_to(folder))
    except OSError as error:
        problem = f"{consent.state_file()} cannot be written: {error.strerror}."
        raise BadRequest(problem, "Make that folder writable.") from error


def _agree_to(folder: str) -> str:
    canonical = model.canonical_folder(folder, base=Path.cwd())
    if not str(canonical).isprintable():
        raise BadRequest(f"The name {str(canonical)!a} has control characters.", "Give the folder another one first.")
    consent.agree(canonical)
    return f"{canonical} may be loaded as a model from now on."


def _forget(folder: str) -> str:
    """The folder may be gone by now."""
    canonical = Path(os.path.realpath(os.path.expanduser(folder)))  # noqa: PTH111 - unlike Path's, these never raise
    if not consent.forget(canonical):
        raise BadRequest(f"{canonical} is not agreed to.", "`seekline models trust` lists the folders that are.")
    return f"{canonical} will be asked about again."


def _on_hub(name: str) -> tuple[str, str, model.Entry | None]:
    """The repository, the revision and the catalogue entry that `name` stands for. Raises `UnknownModel`."""
    entry = model.all_entries().get(name)
    if entry is not None and entry.repository is None:
        raise BadRequest(f"{name} comes with Seekline.", "There is nothing to download or to remove.")
    if entry is not None and entry.repository is not None:
        return entry.repository, entry.revision, entry
    if "/" not in name:
        raise model.no_such_model(name)
    repository, revision = model.split_revision(name)
    return repository, revision, model.entry_of_repository(repository)


def _agree(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadRequest("Nobody is here to be asked.", "Add --yes to agree.")
    typer.confirm(question, abort=True, err=True)


def _size(size_bytes: int | None) -> str:
    return (
        ""
        if size_bytes is None
        else f"{size_bytes / 1e9:.1f} GB"
        if size_bytes >= 1e8
        else f"{size_bytes / 1e6:.0f} MB"
    )
