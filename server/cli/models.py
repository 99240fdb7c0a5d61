"""`seekline models`: which there are, and their way onto this machine and off it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ... import model
from ..errors import BadRequest
from ..settings import consent
from .console import err, out, print_json, print_line, print_note
from .copies import all_copies, copies_of, copy_as_json, delete_copies, print_copies, useless_copies
from .effective import load_config
from .options import JsonOption
from .outlook import LEGEND, outlook_as_json, outlooks, print_models, size

app = typer.Typer(help="List, download and remove models.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="A name from `models list`, or owner/name[@revision].")]
RemovedArgument = Annotated[
    str | None, typer.Argument(help="A name from `models list`, owner/name or ./folder.", show_default=False)
]
GoneOption = Annotated[
    bool, typer.Option("--gone", help="The quantized copies that no model here is loaded from any more.")
]
FolderArgument = Annotated[str | None, typer.Argument(help="A model folder.", show_default=False)]
ForgetOption = Annotated[bool, typer.Option("--forget", help="Take it back.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Agree without being asked.")]


@app.command("list")
def list_models(as_json: JsonOption = False) -> None:
    """Show every model that Seekline knows by name, the best first, how it would run here, and all quantized copies."""
    found = outlooks(load_config(Path.cwd()).settings)
    copies = all_copies()
    known = {str(one.entry.repository).lower() for one in found}
    others = [one.repository for one in model.installed() if one.repository.lower() not in known]
    if as_json:
        rows = [_row(one) for one in found]
        print_json({"models": rows, "others": others, "copies": [copy_as_json(copy) for copy in copies]})
        return
    print_models(found)
    if others:
        print_line(f"\nAlso in the cache, usable by these names: {', '.join(others)}")
    if copies:
        out.print()
        print_copies(copies)
    err.print(f"\n[dim]{LEGEND}\nseekline models download NAME shows a model's licence and fetches it.[/]")


def _row(one: model.Outlook) -> dict[str, Any]:
    entry = one.entry
    return {
        "name": entry.name,
        "repository": entry.repository,
        "installed": one.is_installed,
        "parameters": entry.parameters,
        "context_tokens": entry.context_tokens,
        "fills_in": entry.fills_in,
        "bytes": dict(entry.weight_bytes),
        "licence": entry.licence.title,
        **outlook_as_json(one),
    }


@app.command()
def download(name: NameArgument, yes: YesOption = False) -> None:
    """Fetch a model from the Hugging Face hub, once its licence is agreed to."""
    settings = load_config(Path.cwd()).settings
    repository, revision, entry = _on_hub(name)
    if entry is not None:
        licence = entry.licence
        err.print(
            f"[bold]{entry.name}[/] ({size(entry.weight_bytes['none'])}) is under the {licence.title}.", highlight=False
        )
        err.print(f"{licence.summary}\n{licence.url}", highlight=False)
    else:
        err.print(f"The licence of {repository} is at https://huggingface.co/{repository}", highlight=False)
    if not settings.offline:
        _agree("Do you agree to it?", yes)
    folder = model.download(repository, revision, offline=settings.offline)
    model.inspect(folder)
    print_line(f"{name} is ready: {folder}")


@app.command()
def remove(name: RemovedArgument = None, gone: GoneOption = False, yes: YesOption = False) -> None:
    """Delete a downloaded model, all its revisions, from the Hugging Face cache, and its quantized copies.

    Of a model folder only the copies are deleted, never the folder.
    """
    if gone == (name is not None):
        raise BadRequest("Say what to remove: either a model's name or --gone.", "See: seekline models list.")
    if name is None:
        _remove_copies("models that are not here any more", useless_copies(), yes)
    elif model.is_path(name):
        folder = os.path.realpath(os.path.expanduser(name))  # noqa: PTH111 - it may be gone, which pathlib may not like
        _remove_copies(folder, copies_of(folder), yes)
    elif name == model.EMBEDDED and copies_of(name):
        _remove_copies(name, copies_of(name), yes)
    else:
        _remove_repository(name, yes)


def _remove_copies(of: str, copies: list[model.Kept], yes: bool) -> None:
    if not copies:
        raise BadRequest(f"There are no quantized copies of {of}.", "See: seekline models list.")
    _agree(f"Delete {len(copies)} quantized copies of {of}, which are made again when they are needed?", yes)
    print_line(f"{size(delete_copies(copies))} are free again.")


def _remove_repository(name: str, yes: bool) -> None:
    repository, _, entry = _on_hub(name)
    copies = copies_of(entry.name if entry else repository)
    installed = any(one.repository.lower() == repository.lower() for one in model.installed())
    if copies and not installed:
        _remove_copies(name, copies, yes)
        return
    _agree(f"Delete {repository} from this machine's cache, which other tools share?", yes)
    freed = model.remove(repository) + delete_copies(copies)
    print_line(f"{repository} is removed, {size(freed)} are free again.")


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
    canonical = model.canonical_path(folder, base=Path.cwd())
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
