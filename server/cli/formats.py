"""`seekline models show`: the formats in which a model is published, and how each would run here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ... import model
from ..engines import model_request
from .console import err, out, print_json, print_table
from .download import on_hub
from .effective import load_config
from .options import FormatOption, JsonOption, QuantizationOption
from .outlook import outlook_as_json, size

NameArgument = Annotated[str, typer.Argument(help="A name from `models list`.")]


def show(
    name: NameArgument,
    format: FormatOption = None,
    quantization: QuantizationOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show in which formats a model is published, where, how large, and what each would take here."""
    settings = load_config(Path.cwd(), model_format=format, quantization=quantization).settings
    entry = model.all_entries().get(name) or on_hub(name)[1]
    if entry is None:
        raise model.no_such_model(name)
    with err.status("looking at this machine"):
        found = list(model.outlooks_of_formats(entry, model_request(settings)))
    if as_json:
        rows = [_row(source) | outlook_as_json(one) | {"installed": one.is_installed} for source, one in found]
        print_json({"name": entry.name, "licence": entry.licence.title, "formats": rows})
        return
    out.print(f"[bold]{entry.name}[/]  {entry.parameters / 1e9:.1f} billion parameters", highlight=False)
    fills_in = "sees what follows the cursor" if entry.fills_in else "left to right only"
    out.print(f"context {entry.context_tokens:,}, {fills_in}", highlight=False)
    out.print(f"licence {entry.licence.title}, {entry.licence.url}", highlight=False, soft_wrap=True)
    if entry.own_code:
        out.print("safetensors need the repository's own code (trust_remote_code)", highlight=False)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("", "format", "quantization", "file", "memory", "runs by", "in"):
        table.add_column(column, justify="right" if column in ("file", "memory") else "left")
    for source, one in found:
        memory = "" if one.memory_bytes is None else size(one.memory_bytes)
        file = size(model.published_bytes(source)) if entry.weights else ""
        engine = one.plan.engine if one.plan else ("too large" if one.memory_bytes else "cannot run")
        installed = "[green]✓[/]" if one.is_installed else ""
        table.add_row(installed, source.format, source.quantization or "", file, memory, engine, _place(source))
    print_table(table)
    for problem in dict.fromkeys(one.problem for _, one in found if one.memory_bytes is None):
        out.print(problem, markup=False, highlight=False, soft_wrap=True)


def format_rows(entry: model.Entry) -> list[dict[str, Any]]:
    """The formats in which a model is published, for JSON."""
    return [
        {
            "format": published.format,
            "repository": published.repository,
            "file": published.template,
            "bytes": dict(published.sizes),
        }
        for published in entry.weights
    ]


def _row(source: model.Source) -> dict[str, Any]:
    return {"format": source.format, "quantization": source.quantization, "in": _place(source)}


def _place(source: model.Source) -> str:
    """The repository and the file in it."""
    published = model.published_of(source)
    if published is None:
        return "comes with Seekline"
    file = None if source.quantization is None else published.file(source.quantization)
    return published.repository if file is None else f"{published.repository}/{file}"
