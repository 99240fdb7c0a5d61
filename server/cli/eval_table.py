"""The report of `seekline eval` in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from .console import out, print_table

if TYPE_CHECKING:
    from ...learn.eval.bootstrap import Estimate
    from ...learn.eval.report import Report


def print_report(report: Report) -> None:
    """In per cent, below each figure its 95 % interval; milliseconds as median and 95 %."""
    from ...learn.eval.metrics import MEASURES
    from ...learn.eval.report import TITLES

    titles = [TITLES[measure] for measure in MEASURES]
    table = _table("variant", "places", *titles, "first token ms", "whole ms")
    for own in report.variants:
        figures = own.figures
        cells = [_cell(figures.measures[measure]) for measure in MEASURES]
        times = [Text(f"{_ms(each.median)}\n{_ms(each.p95)}") for each in (figures.first_token_ms, figures.total_ms)]
        table.add_row(Text(own.name), str(figures.places), *cells, *times)
    print_table(table)
    if len(report.variants) > 1:
        first = report.variants[0].name
        out.print(f'\n[bold]Differences[/] from "{escape(first)}", in points', highlight=False)
        table = _table("variant", *titles)
        for own in report.variants[1:]:
            table.add_row(Text(own.name), *[_cell(own.differences[measure], signed=True) for measure in MEASURES])
        print_table(table)
    _print_groups(report)


def _print_groups(report: Report) -> None:
    out.print("\n[bold]Exact match[/] by group, in per cent", highlight=False)
    groups = [(group, value) for group, values in _values(report).items() for value in values]
    table = _table("", "places", *[own.name for own in report.variants])
    for group, value in groups:
        found = [own.groups[group].get(value) for own in report.variants]
        places = max(figures.places for figures in found if figures is not None)
        cells = [Text("-") if figures is None else _cell(figures.measures["exact_match"]) for figures in found]
        table.add_row(Text(f"{group} {value}"), str(places), *cells)
    print_table(table)


def _values(report: Report) -> dict[str, list[str]]:
    return {
        group: sorted({value for own in report.variants for value in own.groups[group]})
        for group in ("kind", "language", "recency")
    }


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="dim")
    for number, column in enumerate(columns):
        table.add_column(escape(column), justify="left" if number == 0 else "right")
    return table


def _cell(estimate: Estimate, *, signed: bool = False) -> Text:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return Text("-")
    sign = "+" if signed else ""
    value = f"{100 * estimate.value:{sign}.1f}"
    return Text.assemble(value, "\n", (f"{100 * estimate.low:{sign}.0f} to {100 * estimate.high:{sign}.0f}", "dim"))


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"
