"""`seekline complete`: one completion, at one place of a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Annotated

import typer
from rich.text import Text

from ... import fim, model
from ..completion import pipeline
from ..completion.contexts import Contexts
from ..resident import notices, threads, wanted
from ..settings import announced, consent
from ..settings.config import Config
from .console import err, out, print_json, print_note
from .effective import load_config
from .options import DeviceOption, JsonOption, ModelOption, QuantizationOption
from .place import Place, Projects, read_place

PlaceArgument = Annotated[str, typer.Argument(metavar="FILE:LINE:COLUMN", help="Counted from 1, in characters.")]


def complete(
    place: PlaceArgument,
    as_json: JsonOption = False,
    model: ModelOption = None,
    device: DeviceOption = None,
    quantization: QuantizationOption = None,
) -> None:
    """Complete at one place of a file."""
    where = read_place(place)
    config = load_config(where.workspace, model=model, device=device, quantization=quantization)
    loaded = _load(config)
    how = pipeline.prompting(loaded.plan, loaded.tokenizer, config.settings)
    for notice in notices(how.format, loaded.plan, config.settings):
        print_note(notice)
    _say_once_why_not_compiled(loaded.plan)
    completion = pipeline.generate(
        Projects(config.settings).hole(where),
        loaded,
        how,
        Contexts(),
        temperature=config.settings.temperature,
        explicit=True,
        cancel=Event(),
    )
    if as_json:
        print_json(completion_as_json(completion, loaded))
    else:
        out.print(shown(where, completion.text))
        err.print(f"[dim]{timing(completion)}  {loaded.plan.summary}[/]", highlight=False)


def make_plan(config: Config) -> model.Plan:
    """The plan for these settings. Raises `FolderNotAgreed` for a folder that a workspace's file names, too."""
    agreed = consent.loadable(config, print_note)
    return model.make_plan(replace(wanted(config.settings), agreed=agreed), base=Path())


def _say_once_why_not_compiled(plan: model.Plan) -> None:
    why = model.why_not_compiled()
    if why is not None and plan.device.kind == "cpu" and announced.is_news(why):
        print_note(why)


def _load(config: Config) -> model.LoadedModel:
    with err.status("choosing a model") as status:
        plan = make_plan(config)
        return model.load_model(plan, threads=threads(config.settings), report=status.update)


def completion_as_json(completion: pipeline.Completion, loaded: model.LoadedModel) -> dict[str, object]:
    """What `--json` prints. No completion is an empty text."""
    return {
        "completion": completion.text or "",
        "model": loaded.plan.source.name,
        "prompt_tokens": completion.prompt_tokens,
        "reused_tokens": completion.reused_tokens,
        "new_tokens": completion.new_tokens,
        "first_token_ms": round(completion.first_token_ms, 1),
        "total_ms": round(completion.total_ms, 1),
        "finish": completion.finish,
    }


def shown(place: Place, completion: str | None, *, lines_above: int = 3) -> Text:
    """The lines up to the cursor and the ghost text after it, as an editor would show them."""
    document, cursor = place.document, place.cursor
    above = [fim.text.with_newline(line) for line in document.lines[: cursor.line][-lines_above:]]
    return Text.assemble(
        ("".join(above), "dim"),
        document.before(cursor),
        (completion or "", "bold cyan"),
        (document.after(cursor), ""),
    )


def timing(completion: pipeline.Completion) -> str:
    return (
        f"first token {completion.first_token_ms:.0f} ms, total {completion.total_ms:.0f} ms, "
        f"{completion.prompt_tokens} + {completion.new_tokens} tokens"
    )
