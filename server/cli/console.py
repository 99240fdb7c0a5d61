"""Where the command line prints: answers to standard output, everything else to standard error."""

from __future__ import annotations

import contextlib
import json

from rich.console import Console
from rich.markup import escape

out = Console()
err = Console(stderr=True)


def print_json(value: object) -> None:
    """One line of JSON, as other programs read it."""
    print(json.dumps(value, ensure_ascii=False))


def print_line(line: str) -> None:
    """One line of an answer, as it is."""
    out.print(line, markup=False, highlight=False, soft_wrap=True)


def print_note(line: str) -> None:
    """One line on standard error, of something that the command goes on with."""
    err.print(f"seekline: {line}", markup=False, highlight=False, soft_wrap=True)


def print_error(problem: str, remedy: str) -> None:
    """One line on standard error: what is wrong, and the way out."""
    line = escape(" ".join(f"{problem} {remedy}".split()))
    with contextlib.suppress(OSError):  # there is nobody else to tell
        err.print(f"[bold red]seekline:[/] {line}", highlight=False, soft_wrap=True)
