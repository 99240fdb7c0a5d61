"""Where the command line prints: answers to standard output, everything else to standard error."""

from __future__ import annotations

import contextlib
import json

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

_ANY_WIDTH = 10_000

out = Console()
err = Console(stderr=True)


def print_json(value: object) -> None:
    """One line of JSON, as other programs read it."""
    print(json.dumps(value, ensure_ascii=False))


def print_line(line: str) -> None:
    """One line of an answer, as it is."""
    out.print(line, markup=False, highlight=False, soft_wrap=True)


def print_table(table: Table, *, to: Console = out) -> None:
    """A table of which nothing is cut off: a narrow terminal has it wrapped, and a file or pipe as wide as it is."""
    for column in table.columns:
        column.overflow = "fold"
    if not to.is_terminal:
        to = Console(file=to.file, width=max(to.width, _width(table, to)))
    to.print(table)


def has_room(table: Table, *, on: Console = out) -> bool:
    """Whether a table can be printed without wrapping."""
    return not on.is_terminal or _width(table, on) <= on.width


def _width(table: Table, console: Console) -> int:
    return Measurement.get(console, console.options.update(max_width=_ANY_WIDTH), table).maximum


def print_note(line: str) -> None:
    """One line on standard error, of something that the command goes on with."""
    err.print(f"seekline: {line}", markup=False, highlight=False, soft_wrap=True)


def print_error(problem: str, remedy: str) -> None:
    """One line on standard error: what is wrong, and the way out."""
    line = escape(" ".join(f"{problem} {remedy}".split()))
    with contextlib.suppress(OSError):  # there is nobody else to tell
        err.print(f"[bold red]seekline:[/] {line}", highlight=False, soft_wrap=True)
