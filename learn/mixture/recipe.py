"""All steps in their order: what is read, what is drawn from it, the fit, and how good it is on other repositories."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from ...model.decoding.copying.mixture import Mixer
from ...model.decoding.copying.mixture_weights import MixtureWeights
from ...model.decoding.copying.native import library
from ..errors import CorpusTooSmall, NotCompiled
from ..middles import Kind, draw_tasks_in
from .check import table
from .evidence import Example, Reader
from .fit import NetworkChoice, Steps, fit_backoff, fit_network, ranked_steps
from .repositories import LIST, Repository, Use, repositories_in
from .weights import write_weights

Report = Callable[[str], None]
Examples = dict[str, list[Example]]
"""By language."""

_KINDS: tuple[Kind, ...] = ("line", "start", "mid")


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureRun:
    """`places`: of each repository. `listed`: which repositories, and what each is for."""

    model: Path
    repositories: Path
    out: Path
    places: int = 200
    network: NetworkChoice = field(default_factory=NetworkChoice)
    listed: Path = LIST


def fit_mixture(run: MixtureRun, report: Report) -> MixtureWeights:
    """Fits the weights for a model folder, writes them to `run.out` and reports a table. Raises `CorpusTooSmall`,
    `ListUnreadable` and `NotCompiled`."""
    if library() is None:
        raise NotCompiled(
            "The mixture is fitted on what the compiled library computes, which is not there.",
            "Install Seekline where there is a C compiler: `make` in its repository.",
        )
    with TemporaryFile() as logits:
        return _fitted(run, logits, report)


def _fitted(run: MixtureRun, logits: IO[bytes], report: Report) -> MixtureWeights:
    reader = Reader(run.model, logits)
    found: dict[Use, Examples] = {"tune": {}, "check": {}}
    for repository in repositories_in(run.repositories, report, run.listed):
        new = list(_examples(repository, reader, run.places))
        found[repository.use].setdefault(repository.language, []).extend(new)
        report(f"{repository.name}: {len(new)} places in {repository.language}")
    if not any(found["tune"].values()):
        raise CorpusTooSmall(
            f"None of the repositories to fit on is in {run.repositories}.",
            "Bring them: python bench/corpora.py --list learn/mixture/repositories.toml --cache DIR; then name "
            "DIR/corpora.",
        )
    backoff = fit_backoff(_all_steps(found["tune"]), reader.mixer)
    with_backoff = Mixer(backoff, reader.tokenizer, reader.vocabulary)
    weights = fit_network(ranked_steps(_all_steps(found["tune"]), with_backoff), backoff, run.network)
    write_weights(weights, run.out)
    for line in table(found["check"], with_backoff, Mixer(weights, reader.tokenizer, reader.vocabulary)):
        report(line)
    return weights


def _examples(repository: Repository, reader: Reader, places: int) -> Iterable[Example]:
    try:
        tasks = draw_tasks_in(repository.language, list(repository.files), places, _KINDS)
    except CorpusTooSmall:
        return []
    others = [repository.others(task.file.path) for task in tasks]
    return reader.examples(tasks, others)


def _all_steps(examples: Examples) -> Steps:
    for own in examples.values():
        for example in own:
            yield from example.with_logits()
