"""`seekline eval-set FILE`: models measured with a published set, beside what is published of DeepSeek Coder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer
from rich.table import Table

from ... import model
from ..completion.prompt_config import prompt_config
from ..errors import BadRequest
from ..settings.field import LEARNED, NOTHING
from ..settings.settings import Settings
from .asking import EngineCompleter, FolderRepository
from .complete import make_plan, ready_engine
from .console import print_note, print_table
from .effective import load_config
from .progress import counting

if TYPE_CHECKING:
    from ...learn.eval.sets.answering import Answerer
    from ...learn.eval.sets.answers import Answers
    from ...learn.eval.sets.measure import Measured, Run
    from ...learn.eval.sets.readers import Kind
    from ...learn.eval.sets.report import SetReport
    from ...learn.eval.sets.scores import Encode
    from ...learn.eval.sets.task import SetTask

Mode = Literal["raw", "product"]
Control = Literal["oracle", "shuffled"]
FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="A published set: .jsonl, .jsonl.gz or .json.", show_default=False)
]
KindOption = Annotated[
    str, typer.Option("--kind", help="auto, infilling, santacoder, humaneval, mbpp or ds-1000: what set a file has.")
]
ModelsOption = Annotated[
    list[str] | None, typer.Option("--model", "-m", help="As the setting `model`; repeatable, side by side.")
]
ModesOption = Annotated[
    list[str] | None,
    typer.Option("--mode", help="raw: as in the papers; product: what the server would show. Repeatable."),
]
LimitOption = Annotated[int | None, typer.Option("--limit", min=1, help="Only so many tasks, drawn by --seed.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Of what is drawn.")]
AnswersOption = Annotated[
    Path | None, typer.Option("--answers", metavar="FILE", help="Keeps what was generated; a second run goes on.")
]
ExecuteOption = Annotated[
    bool, typer.Option("--execute", help="Run the programs that come out, in a sandbox without network or your files.")
]
PythonOption = Annotated[
    Path | None, typer.Option("--python", metavar="FILE", help="Run them with this Python and its packages (DS-1000).")
]
TokensOption = Annotated[int | None, typer.Option("--max-new-tokens", min=1, help="Of an answer in the mode raw.")]
JsonFileOption = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write all figures there.")]
HtmlOption = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Also write a page there.")]
ControlOption = Annotated[list[str] | None, typer.Option("--control", hidden=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRequest:
    """What is measured, and where it is told. `models`: none of them is the one that the settings name. `controls`:
    measured as if they were models."""

    file: Path
    kind: str = "auto"
    models: tuple[str, ...] = ()
    modes: tuple[str, ...] = ("raw",)
    controls: tuple[str, ...] = ()
    limit: int | None = None
    seed: int = 0
    answers: Path | None = None
    execute: bool = False
    python: Path | None = None
    max_new_tokens: int | None = None
    json: Path | None = None
    html: Path | None = None


def eval_set(
    file: FileArgument,
    kind: KindOption = "auto",
    models: ModelsOption = None,
    modes: ModesOption = None,
    limit: LimitOption = None,
    seed: SeedOption = 0,
    answers: AnswersOption = None,
    execute: ExecuteOption = False,
    python: PythonOption = None,
    max_new_tokens: TokensOption = None,
    json: JsonFileOption = None,
    html: HtmlOption = None,
    control: ControlOption = None,
) -> None:
    """Measure models with a published set."""
    request = SetRequest(
        file=file,
        kind=kind,
        models=tuple(models or ()),
        modes=tuple(modes or ("raw",)),
        controls=tuple(control or ()),
        limit=limit,
        seed=seed,
        answers=answers,
        execute=execute,
        python=python,
        max_new_tokens=max_new_tokens,
        json=json,
        html=html,
    )
    run_set(request, {})


def run_set(request: SetRequest, options: Mapping[str, str | float | None]) -> None:
    """Measures, prints a table and writes what was asked for. `options`: settings of the command line, but `model`.

    Raises `BadRequest`, and `ModelError` kinds before a model is loaded: `SetUnreadable`, `AnswersUnreadable`,
    `NoSandbox`.
    """
    from ...learn.eval.published import is_nearest_only, published_of
    from ...learn.eval.sets.answers import Answers
    from ...learn.eval.sets.benchmarks import all_benchmarks
    from ...learn.eval.sets.report import SetReport

    _check(request)
    benchmark, languages, number = _looked_through(request)
    sandbox, run = _runner(request)
    measured: list[Measured] = []
    try:
        with Answers(request.answers) as answers:
            for answerer, encode in _answerers(request, options):
                measured.append(_measured(request, answerer, answers, encode, run, number))
    finally:  # also where it ends early: hours may be in what is measured
        if measured:
            report = SetReport(
                file=request.file.name,
                benchmark=all_benchmarks()[benchmark],
                limit=request.limit,
                seed=request.seed,
                sandbox=sandbox,
                measured=tuple(measured),
                published=published_of(benchmark, languages),
                is_nearest=is_nearest_only(benchmark),
            )
            _tell(report, request)


def _check(request: SetRequest) -> None:
    from ...learn.eval.sets.readers import kinds

    for given, allowed, option in (
        ((request.kind,), ("auto", *kinds()), "--kind"),
        (request.modes, get_args(Mode), "--mode"),
        (request.controls, get_args(Control), "--control"),
    ):
        for value in given:
            if value not in allowed:
                raise BadRequest(f"{option} {value} is not known.", f"Give one of {', '.join(allowed)}.")
    for path in (request.json, request.html):
        if path is not None and (path.is_dir() or not os.access(path.absolute().parent, os.W_OK | os.X_OK)):
            raise BadRequest(f"{path} cannot be written.", "Name a file in a folder that you may write to.")
    if request.python is not None and not request.execute:
        raise BadRequest("--python is what --execute runs programs with.", "Give --execute, too.")


def _tasks(request: SetRequest) -> Iterator[SetTask]:
    from ...learn.eval.sets.measure import draw
    from ...learn.eval.sets.readers import kinds, read_tasks

    kind: Kind | None = next((kind for kind in kinds() if kind == request.kind), None)
    return draw(read_tasks(request.file, kind), request.limit, request.seed)


def _looked_through(request: SetRequest) -> tuple[str, frozenset[str], int]:
    """Which set a file has, in which languages, and how many tasks are measured: what is wrong is told before a model
    is loaded."""
    benchmark, languages, number = "", set[str](), 0
    for task in _tasks(request):
        benchmark = task.benchmark
        languages.add(task.language)
        number += 1
    return benchmark, frozenset(languages), number


def _runner(request: SetRequest) -> tuple[str | None, Run | None]:
    """By what programs are contained, and what runs one; None where none is to run. Raises `NoSandbox`."""
    if not request.execute:
        return None, None
    from ...learn.eval.sandbox import LIMITS_WITH_PACKAGES, Limits, find_sandbox, run
    from ...learn.eval.sandbox_places import interpreter_at

    sandbox = find_sandbox(None if request.python is None else interpreter_at(request.python.absolute()))
    limits = Limits() if request.python is None else LIMITS_WITH_PACKAGES
    return sandbox.method, lambda program: run(sandbox, program, limits)


def _answerers(
    request: SetRequest, options: Mapping[str, str | float | None]
) -> Iterator[tuple[Answerer, Encode | None]]:
    """Who is measured, one after the other; a model is in memory only until the next one is asked for."""
    from ...learn.eval.sets.answering import Oracle, ProductAnswerer, RawAnswerer, Shuffled

    for control in request.controls:
        yield Oracle() if control == "oracle" else Shuffled(_tasks(request), request.seed), None
    names = request.models or (() if request.controls else (None,))
    configs = [load_config(None, **{**options, "model": name}) for name in names]
    for config in configs:
        if len(configs) > 1 and not config.settings.remote_url:
            make_plan(config)  # none is measured where another one is missing
    for config in configs:
        with ready_engine(config) as engine:
            prompts = prompt_config(engine.info().result(), config.settings)
            name, tokenizer = prompts.info.name, prompts.info.tokenizer
            name = Path(name).name if model.is_path(name) else name
            adapter = _adapter_digest(config.settings)
            for mode in request.modes:
                if mode == "raw":
                    answerer = RawAnswerer(name, engine, prompts.format, request.max_new_tokens, adapter=adapter)
                else:
                    completer = EngineCompleter(name, engine, prompts)
                    answerer = ProductAnswerer(
                        completer, lambda folder: FolderRepository(folder, Settings()), adapter=adapter
                    )
                yield answerer, None if tokenizer is None else tokenizer.encode_text


def _adapter_digest(settings: Settings) -> str:
    """Of the adapter that the settings name. None is learned here: the tasks are in no folder of the user's."""
    if settings.remote_url or settings.adapter in (LEARNED, NOTHING):
        return ""
    return model.adapter_digest(model.canonical_path(settings.adapter, base=Path()))


def _measured(
    request: SetRequest, answerer: Answerer, answers: Answers, encode: Encode | None, run: Run | None, number: int
) -> Measured:
    from ...learn.eval.sets.measure import measure

    with _progress(f"{answerer.name}, {answerer.mode}", number) as told:
        return measure(_tasks(request), answerer, answers, encode=encode, run=run, told=told)


@contextmanager
def _progress(title: str, number: int) -> Iterator[Callable[[int], None]]:
    with counting() as progress:
        bar = progress.add_task(title, total=number)
        yield lambda done: progress.update(bar, completed=done)


def _tell(report: SetReport, request: SetRequest) -> None:
    from ...learn.eval.sets.report import write_json, write_page

    _print(report)
    for path, write in ((request.json, write_json), (request.html, write_page)):
        if path is not None:
            _write(path, report, write)


def _print(report: SetReport) -> None:
    from ...learn.eval.sets.report import columns_of, in_percent, notes_of, rows_of

    columns = columns_of(report)
    table = Table("model", "mode", "language", "tasks", *columns.values(), title=report.benchmark.title)
    for measured in report.measured:
        for language, figures in rows_of(measured):
            cells = [in_percent(getattr(figures, name)) for name in columns]
            table.add_row(measured.name, measured.mode, language, str(figures.tasks), *cells)
    print_table(table)
    if report.published:
        table = Table("published", "language", "measure", "score", "convention", "source")
        for score in report.published:
            cells = (score.measure, in_percent(score.value), score.convention, score.source)
            table.add_row(score.model, score.language, *cells)
        print_table(table)
    for note in notes_of(report):
        print_note(note)


def _write(path: Path, report: SetReport, write: Callable[[SetReport, Path], None]) -> None:
    try:
        write(report, path)
    except OSError as error:
        raise BadRequest(
            f"{path} cannot be written: {error.strerror}.", "The figures stand above. Make room, or name another file."
        ) from error
    print_note(f"written to {path}")
