"""`seekline stats`: what became of completions, from the statistics that are kept on this machine."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ..errors import BadRequest
from ..settings.config import file_layers, merge
from ..statistics.database import KEPT_DAYS, delete, read
from ..statistics.place import statistics_file
from ..statistics.summary import Completions, Summary, summary_of
from .console import err, out, print_json, print_line, print_table
from .options import JsonOption

_DAY_S = 86_400
DaysOption = Annotated[
    int, typer.Option("--days", min=1, max=KEPT_DAYS, help="Of so many days; older ones than the most are not kept.")
]
DeleteOption = Annotated[bool, typer.Option("--delete", help="Delete the statistics.")]


def stats(days: DaysOption = 30, as_json: JsonOption = False, delete_all: DeleteOption = False) -> None:
    """Show what became of completions: accepted, kept, rejected, and how long they took. Nothing of it is ever sent."""
    path = statistics_file()
    if delete_all:
        if as_json:
            raise BadRequest("--delete and --json exclude each other.", "Give one of them.")
        print_line(f"{path} is deleted." if delete(path) else f"There are no statistics: {path} does not exist.")
        return
    summary = summary_of(*read(path, since=time.time() - days * _DAY_S))
    is_on = merge(file_layers(None)).settings.statistics
    if as_json:
        print_json({"file": str(path), "on": is_on, "days": days, **asdict(summary)})
        return
    _show(summary, days)
    note = f"{path}; `seekline stats --delete` deletes it. "
    note += "statistics = false in your own seekline.toml switches them off." if is_on else "They are switched off."
    err.print(f"\n[dim]{escape(note)}[/]", highlight=False, soft_wrap=True)


def _show(summary: Summary, days: int) -> None:
    if not summary.requests and not summary.completions[0].shown:
        print_line("There are no statistics yet.")
        return
    out.print(f"[bold]Completions[/] of the last {days} days", highlight=False)
    print_table(_completions_table(summary))
    latencies = Table("answered", "times", "p50", "p95", box=None, header_style="dim")
    for latency in summary.latencies:
        latencies.add_row(latency.path, f"{latency.answers:,}", _ms(latency.p50_ms), _ms(latency.p95_ms))
    out.print("\n[bold]Time to an answer[/] within the server", highlight=False)
    print_table(latencies)
    line = f"{summary.requests:,} requests: {summary.nothing:,} with nothing to show, {summary.cancelled:,} cancelled"
    if summary.tokens_per_s is not None:
        line += f"; {summary.tokens_per_s:.0f} tokens/s (median)"
    print_line(f"\n{line}")


def _completions_table(summary: Summary) -> Table:
    columns = ("shown", "accepted", "in part", "typed", "rejected", "characters", "kept 30 s", "kept 5 min")
    table = Table("", *columns, box=None, header_style="dim")
    for row in summary.completions:
        outcomes = row.outcomes
        counts = (row.shown, outcomes["accepted"], outcomes["partly"], outcomes["typed"], outcomes["rejected"])
        kept = (_percent(row.kept_30_s), _percent(row.kept_5_min))
        table.add_row(_name(row), *(f"{count:,}" for count in (*counts, row.characters)), *kept)
    return table


def _name(row: Completions) -> str:
    return f"{row.language}, in the menu" if row.kind == "menu" else row.language


def _ms(value: float) -> str:
    return f"{value:,.1f} ms" if value < 100 else f"{value:,.0f} ms"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"
