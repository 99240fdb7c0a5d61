"""`seekline config`: the effective settings, and the schema of seekline.toml."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from ..errors import BadSettings
from ..settings.config import DEFAULT, file_layers, merge, user_file, workspace_of
from ..settings.settings import keys, schema
from .console import err, print_json, print_table
from .options import JsonOption

app = typer.Typer(help="Show the effective settings and where each comes from.")


@app.callback(invoke_without_command=True)
def show(context: typer.Context, as_json: JsonOption = False) -> None:
    """Show the effective settings in this folder and where each comes from."""
    if context.invoked_subcommand is not None:
        return
    workspace = workspace_of(Path.cwd() / "file")
    config = merge(file_layers(workspace))
    values = config.settings.model_dump(mode="json")
    if as_json:
        problems = [str(problem) for problem in config.problems]
        print_json({"settings": values, "sources": dict(config.sources), "problems": problems})
    else:
        table = Table(box=None, header_style="bold")
        for column in ("key", "value", "from"):
            table.add_column(column)
        for key in keys():
            style = "dim" if config.sources[key] == DEFAULT else ""
            value = escape(json.dumps(values[key], ensure_ascii=False))
            table.add_row(key, value, escape(config.sources[key]), style=style)
        print_table(table)
        files = f"Your own settings: {user_file()}; this workspace's: {workspace / 'seekline.toml'}"
        err.print(f"\n[dim]{escape(files)}[/]")
    if config.problems:
        raise BadSettings(" ".join(map(str, config.problems)), "The other settings hold.")


@app.command("schema")
def show_schema() -> None:
    """Print the JSON Schema of seekline.toml."""
    print(json.dumps(schema(), indent=2, ensure_ascii=False))
