"""`seekline learn`: what a model is tuned on, from the user's own repositories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ..completion.prompt_config import PromptConfig
from ..errors import BadRequest
from ..settings.settings import Settings
from .asking import FolderRepository, SettingsPrompter
from .console import out, print_json, print_line, print_note, print_table
from .current_repository import current_repository
from .effective import load_config
from .learn_adapters import adapters, forget
from .learn_train import train
from .options import JsonOption, ModelOption
from .progress import counting
from .prompt import configured_prompts

if TYPE_CHECKING:
    from ...learn.data.report import Report
    from ...learn.data.selection import Progress as Tell

_CHOICES = ("form", "fim_rate", "seed", "samples", "limit", "licence", "tests")
"""The options of the command that are those of `DataOptions`."""

app = typer.Typer(help="Learn from a repository: samples of it, and an adapter for a model.", no_args_is_help=True)


class Form(str, Enum):
    samples = "samples"
    instructions = "instructions"


class Licence(str, Enum):
    any = "any"
    permissive = "permissive"


FoldersArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FOLDER]...", help="Repositories; without one, that of the current folder."),
]
OutOption = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where samples and report are written.")]
FormOption = Annotated[
    Form, typer.Option("--form", help="samples to fill in and to go on with, or instructions for a chat model.")
]
RateOption = Annotated[
    float, typer.Option("--fim-rate", min=0, max=1, help="The share of samples with a hole; the others go on.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="The same seed draws the same samples.")]
SamplesOption = Annotated[int, typer.Option("--samples", min=1, help="Samples of one file at the most.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="Samples of one repository at the most.")]
LicenceOption = Annotated[Licence, typer.Option("--licence", help="Leave out what is not permissively licensed.")]
TestsOption = Annotated[bool, typer.Option("--tests/--no-tests", help="Learn from tests, too.")]
AgainstOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--against", metavar="FILE", help="Leave out files with a task of this evaluation set (.jsonl or .jsonl.gz)."
    ),
]


@app.command()
def data(
    folders: FoldersArgument = None,
    output: OutOption = Path("learning-data"),
    form: FormOption = Form.samples,
    fim_rate: RateOption = 0.5,
    seed: SeedOption = 0,
    samples: SamplesOption = 8,
    limit: LimitOption = 50_000,
    licence: LicenceOption = Licence.any,
    tests: TestsOption = True,
    against: AgainstOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make samples of repositories, with a report of what was left out and why; run it again to go on."""
    choices = {key: value for key, value in locals().items() if key in _CHOICES}
    roots = [_root(folder) for folder in folders or [current_repository()]]
    sets = sorted(against or [], key=lambda path: path.name)
    config = load_config(roots[0], model=model)
    report = _made(_repositories(roots, config.settings), configured_prompts(config), choices, sets, output)
    _tell(report, form.value, output, as_json=as_json)


def _made(
    repositories: Sequence[FolderRepository],
    prompts: PromptConfig,
    choices: dict[str, Any],
    sets: Sequence[Path],
    output: Path,
) -> Report:
    from ...learn.data.evaluation_sets import set_digest
    from ...learn.data.options import DataOptions
    from ...learn.data.pipeline import make_data

    options = DataOptions(
        repositories=tuple(repository.name for repository in repositories),
        model=prompts.info.name,
        prompts=_described(prompts),
        against=tuple(map(set_digest, sets)),
        **{key: value.value if isinstance(value, Enum) else value for key, value in choices.items()},
    )
    with _progress() as tell:
        return make_data(repositories, SettingsPrompter(prompts), options, sets, output, tell)


def _root(folder: Path) -> Path:
    """Raises `BadRequest`."""
    if not folder.exists():
        raise BadRequest(f"There is no folder {folder}.", "Check the name.")
    if not folder.is_dir():
        raise BadRequest(f"{folder} is no folder.", "Name the folder of a repository.")
    return folder.resolve()


def _repositories(roots: Sequence[Path], settings: Settings) -> list[FolderRepository]:
    """Each with a name of its own. Raises `BadRequest` for a folder that is named twice."""
    if len(set(roots)) < len(roots):
        raise BadRequest("A folder is named twice.", "Name each once.")
    seen: Counter[str] = Counter()
    repositories: list[FolderRepository] = []
    for root in roots:
        repository = FolderRepository(root, settings)
        seen[repository.name] += 1
        if seen[repository.name] > 1:
            repository.name = f"{repository.name} ({seen[repository.name]})"
        repositories.append(repository)
    return repositories


def _described(prompts: PromptConfig) -> str:
    """What shapes a prompt beside the model: with other prompts, a run is another one."""
    others = "with" if prompts.other_files else "without"
    healing = ", healing" if prompts.healing else ""
    return (
        f"{prompts.format.family}, {prompts.prompt_tokens} tokens, {prompts.suffix_limit_tokens} of them behind the "
        f"cursor, {others} other files{healing}"
    )


@contextmanager
def _progress() -> Iterator[Tell]:
    """A bar for the stage that is under way, on a terminal."""
    with counting() as bar:
        task = bar.add_task("", total=None)

        def tell(repository: str, stage: str, done: int, total: int) -> None:
            bar.update(task, description=f"{repository}: {stage}", completed=done, total=total)

        yield tell


def _tell(report: Report, form: str, output: Path, *, as_json: bool) -> None:
    if as_json:
        stages = [
            {"stage": stage.name, "in": stage.files_in, "out": stage.files_out, "reasons": stage.reasons}
            for stage in report.stages
        ]
        print_json({"samples": report.samples, "kinds": report.kinds, "stages": stages, "folder": str(output)})
        return
    table = Table("stage", "files in", "files out", "left out because", box=None)
    for column in table.columns[1:3]:
        column.justify = "right"
    for stage in report.stages:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in stage.reasons.items())
        table.add_row(stage.name, f"{stage.files_in:,}", f"{stage.files_out:,}", Text(reasons))
    print_table(table)
    for repository in report.repositories:
        if repository.history is not None:
            print_note(f"when files of {repository.name} were changed is the disk's word: {repository.history}")
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in report.kinds.items())
    print_line(f"{report.samples:,} {form}: {kinds}")
    out.print(Text(str(output / f"{form}.jsonl")))
    out.print(Text(str(output / "report.html")))


for command in (train, adapters, forget):
    app.command()(command)
