"""`seekline complete`: one completion, at one place of a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.status import Status
from rich.text import Text

from ... import fim, model
from ..completion.complete import generate
from ..completion.completion import Completion
from ..completion.contexts import Contexts
from ..completion.prompt_config import PromptConfig, notices, prompt_config
from ..completion.views import completion_as_json
from ..engines import model_request, wanted_model
from ..errors import BadRequest
from ..learned import learned_in
from ..settings import announced, consent
from ..settings.config import Config
from ..settings.settings import Settings, keys
from .console import err, out, print_json, print_note
from .effective import load_config, of_size
from .options import (
    AdapterOption,
    DeviceOption,
    EngineOption,
    FormatOption,
    JsonOption,
    LengthOption,
    ModelOption,
    NewTokensOption,
    PackedOption,
    QuantizationOption,
    RemoteModelOption,
    RemoteUrlOption,
    SizeOption,
    TemperatureOption,
    TopKOption,
)
from .place import Place, Projects, prompt_place, read_place

_CLOSE_S = 10.0
_LANGUAGE = "python"
_INDENT = 4
PlaceArgument = Annotated[
    str | None,
    typer.Argument(metavar="FILE:LINE:COLUMN", help="Counted from 1, in characters.", show_default=False),
]
PromptOption = Annotated[
    str | None, typer.Option("--prompt", metavar="TEXT", help="Go on with this text instead, without other files.")
]
LanguageOption = Annotated[str | None, typer.Option("--language", help="Of --prompt, by name; python without it.")]


def complete(
    place: PlaceArgument = None,
    prompt: PromptOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
    model: ModelOption = None,
    size: SizeOption = None,
    model_format: FormatOption = None,
    engine: EngineOption = None,
    quantization: QuantizationOption = None,
    packed_model: PackedOption = None,
    adapter: AdapterOption = None,
    device: DeviceOption = None,
    max_new_tokens: NewTokensOption = None,
    max_length: LengthOption = None,
    top_k: TopKOption = None,
    temperature: TemperatureOption = None,
    remote_url: RemoteUrlOption = None,
    remote_model: RemoteModelOption = None,
) -> None:
    """Complete at one place of a file, or behind a text."""
    given = {key: value for key, value in locals().items() if key in keys()}
    where = _place(place, prompt, language)
    config = load_config(where.workspace, **{**given, "model": of_size(model, size)})
    with ready_engine(config, learned_in(config.settings, where.workspace)) as ready:
        info = ready.info().result()
        prompts = prompt_config(info, config.settings)
        if prompt is not None:
            prompts = replace(prompts, other_files=False, copied_characters=0)
        _print_notices(prompts, config)
        snapshot = Projects(config.settings).snapshot(where)
        completion = generate(snapshot, ready, prompts, Contexts(), explicit=True)
        if prompt is not None and not completion.text:
            completion = _on_the_next_line(prompt, language, ready, prompts, completion)
    if as_json:
        print_json(completion_as_json(completion, info.name))
    else:
        out.print(shown(where, completion.text))
        err.print(f"[dim]{timing(completion)}  {escape(info.summary)}[/]", highlight=False, soft_wrap=True)


def _print_notices(prompts: PromptConfig, config: Config) -> None:
    for notice in notices(prompts, config.settings):
        print_note(notice)
    if prompts.info.notice is not None and announced.is_news(prompts.info.notice):
        print_note(prompts.info.notice)


def _on_the_next_line(
    prompt: str, language: str | None, engine: model.Engine, prompts: PromptConfig, nothing: Completion
) -> Completion:
    """What the model writes below a line to which it adds nothing; `nothing` where it does not go on there either."""
    last = prompt.rpartition("\n")[2]
    indent = last[: len(last) - len(last.lstrip())] + (" " * _INDENT if last.rstrip().endswith((":", "{")) else "")
    where = prompt_place(f"{prompt}\n{indent}", language or _LANGUAGE)
    snapshot = Projects(Settings()).snapshot(where)
    completion = generate(snapshot, engine, prompts, Contexts(), explicit=True)
    if not completion.text:
        return nothing
    return replace(completion, text=f"\n{indent}{completion.text}")


def _place(place: str | None, prompt: str | None, language: str | None) -> Place:
    """Raises `BadRequest` where it is not said in one way."""
    if (place is None) == (prompt is None):
        raise BadRequest("Name one place, or give --prompt.", "Write FILE:LINE:COLUMN, such as main.py:12:8.")
    if language is not None and prompt is None:
        raise BadRequest("--language is of --prompt: a file's name says its own.", "Leave it out.")
    return prompt_place(prompt, language or _LANGUAGE) if prompt is not None else read_place(place or "")


def make_plan(config: Config, learned: model.Learned | None = None) -> model.Plan:
    """The plan for these settings, and with what was learned for the model. Raises `PathNotAgreed` for a folder that a
    workspace's file names, too."""
    agreed = consent.loadable(config, print_note)
    request = replace(model_request(config.settings), agreed=agreed, learned=learned.folder if learned else None)
    return model.make_plan(request, base=Path())


@contextmanager
def ready_engine(config: Config, learned: model.Learned | None = None) -> Iterator[model.ChosenEngine]:
    """The engine with its model loaded, and with what was learned for it. Raises `ModelError` where there is none."""
    with err.status("choosing a model") as status:
        engine = model.ChosenEngine(lambda report: _show(report, status))
        try:
            agreed = consent.loadable(config, print_note)
            engine.load(wanted_model(config.settings, Path(), learned=learned), lambda: agreed)
            engine.info().result()
        except BaseException:
            engine.close(_CLOSE_S)
            raise
    try:
        yield engine
    finally:
        engine.close(_CLOSE_S)


def _show(report: model.Report, status: Status) -> None:
    status.update(report.message)
    if report.warning:
        print_note(report.message)


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


def timing(completion: Completion) -> str:
    return (
        f"first token {completion.first_token_ms:.0f} ms, total {completion.total_ms:.0f} ms, "
        f"{completion.prompt_tokens} + {completion.new_tokens} tokens"
    )
