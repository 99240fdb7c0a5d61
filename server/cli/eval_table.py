"""The report of `seekline eval` in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from .console import out, print_table

if TYPE_CHECKING:
    from ...learn.eval.bootstrap import Estimate
    from ...learn.eval.report import Latency, Report


def print_report(report: Report) -> None:
    """In per cent, behind each figure its 95 % interval; milliseconds as the median, and what 95 % do not exceed."""
    from ...learn.eval.metrics import MEASURES
    from ...learn.eval.report import TITLES

    variants = report.variants
    table = _table("in per cent", *[own.name for own in variants])
    table.add_row("places", *[str(own.figures.places) for own in variants])
    for measure in MEASURES:
        table.add_row(TITLES[measure], *[_cell(own.figures.measures[measure]) for own in variants])
    table.add_row("first token, ms", *[_ms(own.figures.first_token_ms) for own in variants])
    table.add_row("whole, ms", *[_ms(own.figures.total_ms) for own in variants])
    print_table(table)
    if len(variants) > 1:
        out.print(f'\n[bold]Differences[/] from "{escape(variants[0].name)}" at the same places', highlight=False)
        table = _table("in points", *[own.name for own in variants[1:]])
        for measure in MEASURES:
            cells = [_cell(own.differences[measure], signed=True) for own in variants[1:]]
            table.add_row(TITLES[measure], *cells)
        print_table(table)
    _print_groups(report)


def _print_groups(report: Report) -> None:
    out.print("\n[bold]Exact match[/] by group", highlight=False)
    groups = [(group, value) for group, values in report.groups().items() for value in values]
    table = _table("in per cent", "places", *[own.name for own in report.variants])
    for group, value in groups:
        found = [own.groups[group].get(value) for own in report.variants]
        places = max(figures.places for figures in found if figures is not None)
        cells = [Text("-") if figures is None else _cell(figures.measures["exact_match"]) for figures in found]
        table.add_row(Text(f"{group} {value}"), str(places), *cells)
    print_table(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="dim")
    for number, column in enumerate(columns):
        table.add_column(escape(column), justify="left" if number == 0 else "right")
    return table


def _cell(estimate: Estimate, *, signed: bool = False) -> Text:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return Text("-")
    sign = "+" if signed else ""
    interval = f"{round(100 * estimate.low):{sign}} to {round(100 * estimate.high):{sign}}"
    # Zero has no minus.
    return Text.assemble(f"{round(100 * estimate.value, 1) + 0.0:{sign}.1f} ", (f"({interval})", "dim"))


def _ms(latency: Latency) -> Text:
    if latency.median is None or latency.p95 is None:
        return Text("-")
    return Text.assemble(f"{latency.median:,.0f} ", (f"({latency.p95:,.0f})", "dim"))
