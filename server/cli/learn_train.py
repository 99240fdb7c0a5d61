"""`seekline learn train`: a LoRA adapter for a repository and a model, kept where it helps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

from ... import model
from ..completion.prompt_config import prompt_config
from ..engines import model_request
from ..engines import threads as compute_threads
from ..errors import BadRequest
from ..settings import consent
from ..settings.config import Config
from .asking import FolderRepository, SettingsPrompter
from .complete import make_plan
from .console import err, print_json, print_line, print_note
from .current_repository import current_repository
from .effective import load_config
from .learn_train_options import (
    AlphaOption,
    BatchOption,
    DropoutOption,
    ElsewhereOption,
    EpochsOption,
    FolderArgument,
    HeldOut,
    HeldOutOption,
    MeasuredOption,
    MinutesOption,
    OutOption,
    PatienceOption,
    QloraOption,
    RankOption,
    RateOption,
    RestartOption,
    RowOption,
    SamplesOption,
    SeedOption,
    Targets,
    TargetsOption,
    ThreadsOption,
)
from .options import DeviceOption, JsonOption, ModelOption

if TYPE_CHECKING:
    from ...learn.lora.learn_adapter import Task, Watch
    from ...learn.lora.train import Status

_OPTIONS = (
    *("targets", "rank", "alpha", "dropout", "rate", "batch_tokens", "row_tokens"),
    *("epochs", "held_out", "patience", "measured", "seed"),
)


def train(
    folder: FolderArgument = None,
    samples: SamplesOption = Path("learning-data"),
    model: ModelOption = None,
    device: DeviceOption = None,
    targets: TargetsOption = Targets.all,
    rank: RankOption = 16,
    alpha: AlphaOption = 32,
    dropout: DropoutOption = 0.05,
    rate: RateOption = None,
    batch_tokens: BatchOption = 4096,
    row_tokens: RowOption = 1024,
    epochs: EpochsOption = 3,
    minutes: MinutesOption = 30.0,
    held_out: HeldOutOption = HeldOut.auto,
    patience: PatienceOption = 3,
    measured: MeasuredOption = 200,
    elsewhere: ElsewhereOption = None,
    qlora: QloraOption = None,
    seed: SeedOption = 0,
    threads: ThreadsOption = None,
    out: OutOption = None,
    restart: RestartOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train a LoRA adapter for a repository. It is kept where the loss on held-out files falls by 2 % and on other code
    rises by 1 % at most; else "no gain" is said, which is no error.

    Killed at any time and run again, it goes on.
    """
    given = dict(locals())
    _train({**given, "folder": folder or current_repository()})


def _train(given: dict[str, Any]) -> None:
    config = load_config(given["folder"], model=given["model"], device=given["device"])
    _check(given, config)
    from ...learn.lora.learn_adapter import learn_adapter
    from ...learn.lora.options import Options, Run, usual_rate
    from ...learn.lora.page import write_page
    from ...learn.lora.place import training_folder

    task = _task(given["folder"], given["samples"], given["elsewhere"] or [], config)
    llama = task.base.checkpoint.llama
    wanted = {key: given[key] for key in _OPTIONS}
    if given["rate"] is None and llama is not None:
        wanted["rate"] = usual_rate(llama.hidden)
    options = Options(**{key: value.value if isinstance(value, Enum) else value for key, value in wanted.items()})
    run = Run(
        minutes=given["minutes"] or None,
        device=config.settings.device,
        threads=given["threads"] or compute_threads(config.settings),
        qlora=given["qlora"],
    )
    kept = given["out"] or training_folder(task.repository, task.base.source.path)
    with _watched() as watch:
        report = learn_adapter(kept, task, options, run, watch, restart=given["restart"])
    write_page(kept, report)
    if given["as_json"]:
        print_json(report.as_json())
        return
    print_line(report.line)
    if report.adapter is not None:
        print_line(f'The adapter is in {report.adapter}: the setting adapter = "auto" uses it.')
    print_note(f"all figures are in {kept / 'report.html'} and {kept / 'report.json'}")


def _check(given: dict[str, Any], config: Config) -> None:
    """Raises `BadRequest`."""
    if given["rate"] is not None and not 0 < given["rate"] <= 1:
        raise BadRequest(f"--rate {given['rate']} is not between 0 and 1.", "Leave it out for a usual one.")
    if given["batch_tokens"] < given["row_tokens"]:
        raise BadRequest("--batch-tokens is below --row-tokens.", "A step holds one sample at the least.")
    for folder in (given["folder"], *(given["elsewhere"] or ())):
        if not folder.is_dir():
            raise BadRequest(f"{folder} is no folder.", "Name one with code.")
    for other in given["elsewhere"] or ():
        _check_apart(given["folder"].resolve(), other.resolve())
    if config.settings.remote_url and given["model"] is None:
        raise BadRequest(
            "The settings name a model of a server (remote_url), which no adapter is trained for here.",
            "Name one on this machine with --model: a name from `seekline models list`, or ./folder.",
        )


def _check_apart(repository: Path, elsewhere: Path) -> None:
    """What is learned must not be measured as other code. Raises `BadRequest`."""
    remedy = "Name other code, which must not get worse."
    if elsewhere == repository:
        raise BadRequest("--elsewhere names the repository itself.", remedy)
    if elsewhere.is_relative_to(repository):
        raise BadRequest(f"--elsewhere names a folder of the repository: {elsewhere} is in {repository}.", remedy)
    if repository.is_relative_to(elsewhere):
        raise BadRequest(f"--elsewhere names a folder with the repository in it: {elsewhere}.", remedy)


def _task(folder: Path, samples: Path, elsewhere: list[Path], config: Config) -> Task:
    """What to learn, and for what. Raises `ModelError`s."""
    from ...learn.lora.base import find_base
    from ...learn.lora.learn_adapter import Task
    from ...learn.packages import own_standard_library

    settings = config.settings
    name = settings.model
    if name == "auto":
        name = make_plan(config).source.name
    base = find_base(name, folder=Path.cwd(), agreed=consent.loadable(config, print_note))
    # Prompts follow the device, as the server's do; the adapter in force is none of their business.
    request = replace(model_request(settings), model=name, adapter=model.NO_ADAPTER)
    info = model.info_of(model.make_plan(request, base=Path()), base.tokenizer)
    others = elsewhere or [own_standard_library()]
    return Task(
        samples=_samples(folder, samples),
        repository=folder,
        base=base,
        elsewhere=[FolderRepository(other, settings) for other in others],
        prompter=SettingsPrompter(prompt_config(info, settings)),
    )


def _samples(folder: Path, samples: Path) -> Path:
    """Raises `BadRequest`."""
    found = samples / "samples.jsonl" if samples.is_dir() else samples
    if not found.exists():
        raise BadRequest(f"There are no samples in {samples}.", f"Make some first: seekline learn data {folder}.")
    return found


@contextmanager
def _watched() -> Iterator[Watch]:
    """Shows on standard error what is being done, and how the training does."""
    from ...learn.lora.learn_adapter import Watch

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    with Progress(*columns, console=err, transient=True) as shown:
        bar = shown.add_task("", total=None, figures="")

        def stage(name: str) -> None:
            shown.update(bar, description=name, total=None, figures="")
            if not err.is_terminal:
                print_note(name)

        def status(now: Status) -> None:
            shown.update(bar, total=1.0, completed=now.share, figures=_figures(now))

        try:
            yield Watch(stage=stage, status=status)
        except KeyboardInterrupt:
            print_note("stopped; the same command goes on from the last checkpoint")
            raise


def _figures(now: Status) -> str:
    parts = [
        f"loss {now.loss:.3f}" if now.loss is not None else "",
        f"held-out {now.held_out:.3f}" if now.held_out is not None else "",
        f"{now.tokens_per_second:,.0f} tokens/s",
        f"{now.seconds_left / 60:.1f} min left" if now.seconds_left is not None else "",
    ]
    return "  ".join(part for part in parts if part)
