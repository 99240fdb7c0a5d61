"""All steps in their order: what is read, what is drawn from it, the fit, and how good it is on other repositories."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy

from ...model.decoding.copying.kernels import mix
from ...model.decoding.copying.mixture import Mixer
from ...model.decoding.copying.mixture_weights import MixtureWeights
from ...model.decoding.copying.native import library
from ..errors import CorpusTooSmall, NotCompiled
from ..middles import Kind, draw_tasks_in
from .evidence import Reader, Step
from .fit import NetworkChoice, fit_backoff, fit_network, probabilities, ranked_steps
from .repositories import LIST, Repository, Use, read_repositories
from .weights import write_weights

Report = Callable[[str], None]
Examples = dict[str, list[list[Step]]]
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
    reader = Reader(run.model)
    found: dict[Use, Examples] = {"tune": {}, "check": {}}
    for repository in read_repositories(run.repositories, run.listed):
        if isinstance(repository, str):
            report(f"{repository} is not in {run.repositories}, and left out")
            continue
        new = list(_examples(repository, reader, run.places))
        found[repository.use].setdefault(repository.language, []).extend(new)
        report(f"{repository.name}: {len(new)} places in {repository.language}")
    steps = list(_all_steps(found["tune"]))
    if not steps:
        raise CorpusTooSmall(
            f"None of the repositories to fit on is in {run.repositories}.",
            "Bring them: python bench/corpora.py --list learn/mixture/repositories.toml --cache DIR; then name "
            "DIR/corpora.",
        )
    backoff = fit_backoff(steps, reader.mixer)
    with_backoff = Mixer(backoff, reader.tokenizer, reader.vocabulary)
    weights = fit_network(ranked_steps(steps, with_backoff), backoff, run.network)
    write_weights(weights, run.out)
    for line in _table(found["check"], reader, backoff, weights):
        report(line)
    return weights


def _examples(repository: Repository, reader: Reader, places: int) -> Iterable[list[Step]]:
    try:
        tasks = draw_tasks_in(repository.language, list(repository.files), places, _KINDS)
    except CorpusTooSmall:
        return []
    others = [repository.others(task.file.path) for task in tasks]
    return reader.examples(tasks, others)


def _all_steps(examples: Examples) -> Iterable[Step]:
    for own in examples.values():
        for steps in own:
            yield from steps


def _table(examples: Examples, reader: Reader, backoff: MixtureWeights, weights: MixtureWeights) -> Iterable[str]:
    """By language the share of places at which each token of the truth is the likeliest."""
    mixers = [Mixer(each, reader.tokenizer, reader.vocabulary) for each in (backoff, weights)]
    yield f"{'exact':12} {'places':>7} {'model':>7} {'backoff':>8} {'network':>8}"
    for language, own in sorted(examples.items()):
        if own:
            shares = [_exact(own, lambda step: _is_the_models(step, reader.mixer))]
            shares += [_exact(own, lambda step, mixer=mixer: _is_the_mixtures(step, mixer)) for mixer in mixers]
            yield f"{language:12} {len(own):7} {shares[0]:7.3f} {shares[1]:8.3f} {shares[2]:8.3f}"


def _exact(examples: list[list[Step]], is_right: Callable[[Step], bool]) -> float:
    return sum(all(map(is_right, steps)) for steps in examples) / len(examples)


def _is_the_models(step: Step, mixer: Mixer) -> bool:
    return int(numpy.argmax(probabilities(step, mixer))) == step.truth


def _is_the_mixtures(step: Step, mixer: Mixer) -> bool:
    """Whether the mixture's likeliest token is the truth; any end of a line counts as one."""
    best = int(numpy.argmax(mix(mixer.model, step.next, step.evidence.candidates())))
    ends = mixer.model.line_ends
    return best == step.truth or (step.truth == mixer.newline and best in ends)
