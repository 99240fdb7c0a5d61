"""`seekline prompt`: what the model would be asked, and what of it comes from which file and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.table import Table
from rich.text import Text

from ... import fim, model
from ...model import outside
from ..completion.contexts import Contexts
from ..completion.prompt_config import PromptConfig, notices, prompt_config
from ..completion.prompts import BuiltPrompt, build_prompt
from ..completion.views import prompt_as_json
from ..errors import BadBatch, BadPlace, BadRequest
from ..settings.config import Config
from .console import err, out, print_json, print_note, print_table
from .effective import load_config
from .options import DeviceOption, JsonOption, ModelOption, QuantizationOption, TokenizerOption
from .place import Place, Projects, place_in, read_place

PlaceArgument = Annotated[
    str | None, typer.Argument(metavar="FILE:LINE:COLUMN", help="Counted from 1, in characters.", show_default=False)
]
BatchOption = Annotated[
    str | None,
    typer.Option(
        "--batch",
        metavar="FILE|-",
        help='Read JSON lines {"id", "file", "line", "column", "text"?, "tokens"?} and print one JSON line for each.',
    ),
]
_MIN_TOKENS = 8
_MAX_LINE_BYTES = 16_000_000
_KEYS: dict[str, tuple[type, ...]] = {
    "id": (object,),
    "file": (str,),
    "line": (int,),
    "column": (int,),
    "text": (str, type(None)),
    "tokens": (int, type(None)),
}
TokensOption = Annotated[
    int | None, typer.Option("--tokens", min=_MIN_TOKENS, help="Tokens of the prompt at the most.")
]


def prompt(
    place: PlaceArgument = None,
    tokens: TokensOption = None,
    batch: BatchOption = None,
    as_json: JsonOption = False,
    tokenizer: TokenizerOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    quantization: QuantizationOption = None,
) -> None:
    """Show what the model would be asked at one place of a file; no weights are loaded."""
    if (place is None) == (batch is None):
        raise BadRequest("Name one place, or give --batch.", "Write FILE:LINE:COLUMN, such as main.py:12:8.")
    where = read_place(place) if place is not None else None
    config = load_config(
        where.workspace if where else Path.cwd(), model=model, device=device, quantization=quantization
    )
    config_of_prompts = _with_tokens(_prompt_config(config, tokenizer), tokens)
    projects = Projects(config.settings)
    if where is None:
        assert batch is not None
        _answer_batch(batch, config_of_prompts, projects)
        return
    built = build_prompt(projects.snapshot(where), config_of_prompts, Contexts())
    if as_json:
        print_json(prompt_as_json(built))
    else:
        _show(built, config_of_prompts)


def configured_prompts(config: Config) -> PromptConfig:
    """How the configured model is prompted, of which only the tokenizer is loaded. Raises `ModelError`."""
    from .complete import make_plan

    plan = make_plan(config)
    prompts = prompt_config(model.info_of(plan, model.Tokenizer(plan.source.path)), config.settings)
    for notice in notices(prompts, config.settings):
        print_note(notice)
    return prompts


def _prompt_config(config: Config, tokenizer: Path | None) -> PromptConfig:
    """How the configured model is prompted; with another `tokenizer`, how a model with that one would be."""
    if tokenizer is not None:
        return prompt_config(model.info_of_tokenizer(model.Tokenizer(tokenizer)), config.settings)
    return configured_prompts(config)


def _with_tokens(config: PromptConfig, tokens: int | None) -> PromptConfig:
    return config if tokens is None else replace(config, prompt_tokens=tokens)


def _answer_batch(name: str, config: PromptConfig, projects: Projects) -> None:
    typed = Contexts()
    for number, line in enumerate(_lines(name), 1):
        if not line.strip():
            continue
        where, row = _place_of(line, f"{name}:{number}")
        try:
            snapshot = projects.snapshot(where)
        except BadPlace as error:
            raise BadBatch(f"{name}:{number}: {error.problem}", error.remedy) from error
        # Buffers follow each other as in an editor, key by key; places on the disk are questions of their own.
        contexts = Contexts() if row.get("text") is None else typed
        built = build_prompt(snapshot, _with_tokens(config, row.get("tokens")), contexts)
        answer = {"id": row["id"], **prompt_as_json(built)}
        sys.stdout.write(json.dumps(answer) + "\n")  # in ASCII, which also carries half a surrogate pair
        sys.stdout.flush()


def _lines(name: str) -> Iterator[bytes]:
    if name == "-":
        yield from _bounded(sys.stdin.buffer, name)
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - an error of its lines is another one
    except (OSError, ValueError) as error:
        remedy = "Give a file of JSON lines, or - for standard input."
        raise BadBatch(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}.", remedy) from error
    with file:
        yield from _bounded(file, name)


def _bounded(file: BinaryIO, name: str) -> Iterator[bytes]:
    """The lines of a file. Raises `BadBatch` where one has no end."""
    try:
        for number in count(1):
            line = file.readline(_MAX_LINE_BYTES + 1)
            if len(line) > _MAX_LINE_BYTES:
                raise BadBatch(f"{name}:{number} has more than {_MAX_LINE_BYTES:,} bytes.", "Ask with a shorter text.")
            if not line:
                return
            yield line
    except OSError as error:
        raise BadBatch(f"{name} cannot be read: {error.strerror}.", "Give a file of JSON lines.") from error


def _place_of(line: bytes, where: str) -> tuple[Place, dict[str, Any]]:
    """The place that a line of a batch names. Raises `BadBatch` with the line's number."""
    remedy = 'Write {"id", "file", "line", "column"} on each line, with "text" and "tokens" where they are wanted.'
    try:
        row = outside.parse_json(line, name=where)
    except model.UnreadableFile as error:
        raise BadBatch(error.problem, remedy) from error
    if not isinstance(row, dict):
        raise BadBatch(f"{where} is no JSON object.", remedy)
    for key, kinds in _KEYS.items():
        value = row.get(key)
        if key not in row and type(None) not in kinds:
            raise BadBatch(f'{where} has no "{key}".', remedy)
        if not isinstance(value, kinds) or (isinstance(value, bool) and key != "id"):
            raise BadBatch(f'{where} has a "{key}" of a wrong type: {json.dumps(value)[:40]}.', remedy)
    if row.get("tokens") is not None and row["tokens"] < _MIN_TOKENS:
        raise BadBatch(f'{where} asks for {row["tokens"]} "tokens".', f"Ask for {_MIN_TOKENS} or more.")
    try:
        return place_in(row["file"], row["line"], row["column"], row.get("text")), row
    except BadPlace as error:
        raise BadBatch(f"{where}: {error.problem}", error.remedy) from error


def _show(built: BuiltPrompt, config: PromptConfig) -> None:
    """The prompt on stdout, what is from other files in green; where each part comes from on stderr."""
    made = built.prompt
    shared = sum(len(part.text) for part in made.parts)
    for piece in made.pieces:
        if isinstance(piece, fim.Special):
            out.print(Text(piece.token, style="bold magenta"), end="", soft_wrap=True)
            continue
        head = piece.text[:shared] if shared and piece.text == made.prefix else ""
        out.print(Text.assemble((head, "green"), piece.text[len(head) :]), end="", soft_wrap=True)
    out.print()
    if made.parts:
        table = Table("file", "kind", "why", "tokens", box=None, header_style="dim")
        for part in made.parts:
            table.add_row(Text(part.path), part.kind, Text(part.reason), str(part.tokens))
        print_table(table, to=err)
    err.print(f"[dim]{built.tokens} tokens of {config.prompt_tokens}  {config.format.title}[/]", highlight=False)
