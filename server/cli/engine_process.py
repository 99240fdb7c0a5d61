"""`seekline status` and `seekline stop`: the process that holds the model for all editors of the user."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ... import model
from ..engines import is_shared
from ..settings.config import file_layers, merge, workspace_of
from .console import out, print_json, print_line, print_note, print_table
from .options import JsonOption

_NONE_RUNS = "No engine process runs: the first editor that completes starts one."
NowOption = Annotated[bool, typer.Option("--now", help="Do not ask, whoever is connected.")]


def status(as_json: JsonOption = False) -> None:
    """Show which editors share the engine process, what it has loaded, its memory and what is under way."""
    found = list(_running())
    if as_json:
        print_json([{"place": str(place.socket), **asdict(process)} for place, process in found])
        return
    if not found:
        is_on = is_shared(merge(file_layers(workspace_of(Path.cwd() / "file"))).settings)
        print_line(_NONE_RUNS if is_on else "No engine process runs: sharing is switched off.")
    for _, process in found:
        _show(process)


def stop(now: NowOption = False) -> None:
    """End the engine process. Editors that are still open start another one when they next complete."""
    found = list(_running())
    if not found:
        print_line("No engine process runs.")
    for place, process in found:
        clients = process.host.clients
        if clients and not now:
            names = ", ".join(f"{client.name} ({client.pid})" for client in clients)
            if not typer.confirm(f"{names}: connected to process {process.pid}. End it?"):
                print_line(f"Process {process.pid} goes on.")
                continue
        if model.stop_engine(place) is None:
            print_line(f"Process {process.pid} has ended by itself.")
        else:
            print_line(f"Process {process.pid} has ended, with {_count(len(clients), 'editor')} connected.")


def _running() -> Iterator[tuple[model.EnginePlace, model.ProcessStatus]]:
    """All engine processes of the user, of whatever environment. What cannot be asked is told."""
    for place in model.places_in(model.place_for_user().folder):
        try:
            process = model.engine_status(place)
        except model.EngineUnreachable as error:
            print_note(str(error))
            continue
        if process is not None:
            yield place, process


def _show(process: model.ProcessStatus) -> None:
    host = process.host
    out.print(f"[bold]Engine process {process.pid}[/]", highlight=False)
    rows = Table(box=None, show_header=False)
    rows.add_row("version", process.version)
    rows.add_row("runs for", _duration(time.time() - process.since))
    rows.add_row("memory", f"{host.memory_bytes / 1e6:,.0f} MB")
    rows.add_row("under way", _count(sum(client.requests for client in host.clients), "request"))
    rows.add_row("ends", _end(process.keep_s))
    print_table(rows)
    models = Table("model", "state", "memory", "editors", box=None, header_style="dim")
    for loaded in host.models:
        size = f"{loaded.bytes / 1e6:,.0f} MB" if loaded.bytes else "-"
        models.add_row(escape(loaded.summary or loaded.name), loaded.state, size, str(loaded.clients))
    clients = Table("connected", "process", "for", "model", "under way", box=None, header_style="dim")
    for client in host.clients:
        wants = escape(client.model or "-")
        row = (escape(client.name), str(client.pid), _duration(time.time() - client.since), wants, str(client.requests))
        clients.add_row(*row)
    for table in (models, clients):
        if table.row_count:
            out.print()
            print_table(table)


def _end(keep_s: float | None) -> str:
    return "by `seekline stop`" if keep_s is None else f"{keep_s:g} s after the last editor has left"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _duration(seconds: float) -> str:
    minutes = int(seconds // 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
