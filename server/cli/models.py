"""`seekline models`: which there are, and their way onto this machine and off it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from ... import model
from ..errors import BadRequest
from ..settings import consent
from .console import err, out, print_json, print_line, print_note
from .copies import all_copies, copies_of, copy_as_json, delete_copies, print_copies, useless_copies
from .download import YesOption, agree, download, on_hub
from .effective import load_config
from .formats import format_rows, show
from .options import JsonOption
from .outlook import LEGEND, outlook_as_json, outlooks, print_models, size
from .pack import pack_model

app = typer.Typer(help="List, download and remove models.", no_args_is_help=True)
app.command()(download)
app.command()(show)
app.command("pack")(pack_model)

RemovedArgument = Annotated[
    str | None, typer.Argument(help="A name from `models list`, owner/name or ./folder.", show_default=False)
]
GoneOption = Annotated[
    bool, typer.Option("--gone", help="The quantized copies that no model here is loaded from any more.")
]
FolderArgument = Annotated[str | None, typer.Argument(help="A model folder.", show_default=False)]
ForgetOption = Annotated[bool, typer.Option("--forget", help="Take it back.")]


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
    err.print(
        f"\n[dim]{LEGEND}\nseekline models show NAME lists its formats; models download NAME shows its "
        "licence and fetches it.[/]"
    )


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
        "series": entry.series,
        "size": entry.size,
        "formats": format_rows(entry),
        **outlook_as_json(one),
    }


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
    agree(f"Delete {len(copies)} quantized copies of {of}, which are made again when they are needed?", yes)
    print_line(f"{size(delete_copies(copies))} are free again.")


def _remove_repository(name: str, yes: bool) -> None:
    wanted, entry = on_hub(name)
    there = {one.repository.lower(): one.repository for one in model.installed()}
    named = [wanted.repository]
    if entry is not None and model.entry_named(name) is not None:
        named = [published.repository for published in entry.weights]
    repositories = [there[one.lower()] for one in named if one.lower() in there]
    copies = copies_of(entry.name if entry else wanted.repository)
    if copies and not repositories:
        _remove_copies(name, copies, yes)
        return
    shown = " and ".join(repositories or [wanted.repository])
    agree(f"Delete {shown} from this machine's cache, which other tools share?", yes)
    freed = sum(model.remove(one) for one in repositories or [wanted.repository])
    freed += delete_copies(copies)
    print_line(f"{shown} is removed, {size(freed)} are free again.")


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
