"""How the catalogue's models would run on this machine, as tables and JSON show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rich.table import Table

from ... import model
from ..engines import model_request
from ..settings.settings import Settings
from .console import err, has_room, out, print_note, print_table

_COLUMNS = ("", "name", "runs in", "memory", "fills in", "auto", "context")
_LESS_IMPORTANT = ("context", "auto", "fills in")
"""Left out where a terminal is narrow, the first one first."""
_NUMBERS = ("memory", "context")
LEGEND = (
    "✓ on this machine.  runs in: the number format that the settings lead to.  memory: with one prompt; the least,"
    " where it is too large.  fills in: sees what follows the cursor.  auto: whether model = auto may take it, which it"
    " may not where one would wait too long (slow)."
)


def outlooks(settings: Settings) -> list[model.Outlook]:
    """How each model of the catalogue would run with these settings, whose device may be one that is not here."""
    request = model_request(settings)
    with err.status("looking at this machine"):
        try:
            return list(model.outlooks(request))
        except model.UnsupportedDevice as error:
            print_note(str(error))
            return list(model.outlooks(replace(request, device="auto")))


def print_models(found: Sequence[model.Outlook]) -> None:
    """The table of all models, with as many columns as there is room for; below it, why one cannot run."""
    columns = list(_COLUMNS)
    table = _table(found, columns)
    for name in _LESS_IMPORTANT:
        if has_room(table):
            break
        columns.remove(name)
        table = _table(found, columns)
    print_table(table)
    for problem in dict.fromkeys(one.problem for one in found if one.memory_bytes is None):
        out.print(problem, markup=False, highlight=False, soft_wrap=True)


def _table(found: Sequence[model.Outlook], columns: Sequence[str]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in _NUMBERS else "left")
    for one in found:
        cells = _cells(one)
        table.add_row(*(cells[column] for column in columns))
    return table


def _cells(one: model.Outlook) -> dict[str, str]:
    return {
        "": "[green]✓[/]" if one.is_installed else "",
        "name": one.entry.name,
        "runs in": _runs_in(one),
        "memory": "" if one.memory_bytes is None else size(one.memory_bytes),
        "fills in": "yes" if one.entry.fills_in else "no",
        "auto": _auto(one),
        "context": f"{one.entry.context_tokens:,}",
    }


def _runs_in(one: model.Outlook) -> str:
    if one.plan is None:
        return "cannot run" if one.memory_bytes is None else "too large"
    return f"{one.plan.format}, spread" if one.plan.spread else one.plan.format


def _auto(one: model.Outlook) -> str:
    if one.is_automatic:
        return "yes"
    return "slow" if one.plan and one.entry.fills_in and one.is_too_slow else "no"


def outlook_as_json(one: model.Outlook) -> dict[str, Any]:
    """`runs_in`: a number format; null where it cannot run, and then `problem` says why."""
    return {
        "runs_in": one.plan.format if one.plan else None,
        "runs_on": one.plan.device.name if one.plan else None,
        "memory_bytes": one.memory_bytes,
        "auto": one.is_automatic,
        "problem": one.problem or None,
    }


def size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e8 else f"{size_bytes / 1e6:.1f} MB"
