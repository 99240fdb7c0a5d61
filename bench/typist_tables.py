"""The tables of typist.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from typist_counts import PATHS

Row = Mapping[str, Any]
"""What `typist_counts.figures` gives."""


def _number(key: str) -> Callable[[Row], str]:
    return lambda row: "-" if row[key] is None else f"{row[key]:,}"


def _share(key: str) -> Callable[[Row], str]:
    return lambda row: "-" if row[key] is None else f"{100 * row[key]:.1f} %"


def _ratio(key: str) -> Callable[[Row], str]:
    return lambda row: "-" if row[key] is None else f"{row[key]:.2f}"


def _times(path: str) -> Callable[[Row], str]:
    def shown(row: Row) -> str:
        found = row["latency_ms"][path]
        return "-" if found is None else f"{found['p50']:.1f}, {found['p95']:.1f} ({found['answers']})"

    return shown


COLUMNS: dict[str, Callable[[Row], str]] = {
    "characters typed": _number("characters"),
    "keys without completions": _number("keys_alone"),
    "keys": _number("keys"),
    "keys saved": _share("keys_saved"),
    "accepted characters": _number("accepted_characters"),
    "of these retained": _number("retained_characters"),
    "shown": _number("shown"),
    "accepted": _number("accepted"),
    "right, to the end": _number("right"),
    "right at its start": _number("right_at_its_start"),
    "wrong": _number("wrong"),
    "right of shown": _share("right_of_shown"),
    "accepted characters per shown": _ratio("accepted_characters_per_shown"),
    "positions with nothing good": _number("positions_with_nothing_good"),
    "quiet": _share("quiet"),
    "flicker": _share("flicker"),
    "instant, of answers": _share("instant_of_answers"),
    "instant, of shown": _share("instant_of_shown"),
    **{f"{path}: p50, p95 ms (answers)": _times(path) for path in PATHS},
    "tokens reused": _share("reused_tokens"),
}
SHORT = (
    "keys saved",
    "accepted characters",
    "shown",
    "right of shown",
    "accepted characters per shown",
    "quiet",
    "flicker",
    "instant, of answers",
)


def main_table(clients: Mapping[str, Row], to_idle: Mapping[str, float]) -> Table:
    """All figures of all clients, and what the server needs to stop."""
    table = Table(box=None, header_style="bold")
    table.add_column("")
    for name in clients:
        table.add_column(name, justify="right")
    for title, cell in COLUMNS.items():
        table.add_row(title, *map(cell, clients.values()))
    table.add_row("cancel to idle: p50, p95 ms", f"{to_idle['p50']:.1f}, {to_idle['p95']:.1f}")
    return table


def language_table(rows: Mapping[str, Mapping[str, Row]]) -> Table:
    """By language and client."""
    table = _table("language", "client")
    for language, clients in rows.items():
        for name, row in clients.items():
            table.add_row(language, name, *(COLUMNS[column](row) for column in SHORT))
    return table


def ablation_table(rows: Mapping[str, Row]) -> Table:
    """By the part that is switched off."""
    table = _table("without")
    for part, row in rows.items():
        table.add_row(part, *(COLUMNS[column](row) for column in SHORT))
    return table


def _table(*names: str) -> Table:
    table = Table(box=None, header_style="bold")
    for name in names:
        table.add_column(name)
    for column in SHORT:
        table.add_column(column, justify="right")
    return table


def print_tables(*tables: Table) -> None:
    console = Console()
    for table in tables:
        Console(width=max(console.width, 120)).print(table)
