"""From repositories to a file of samples: the whole run, which a kill or a full disk only interrupts.

In the output folder: `recipe.json`, the options; `state/`, what an unfinished run has done; and once it is finished
`samples.jsonl` (or `instructions.jsonl`), `report.json`, `report.html` and `inputs.json`, by which a run over the same
files is known to be finished. A `.gitignore` hides it all.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ... import fim
from ..errors import NothingToLearn
from ..files import written_in, written_whole
from ..history import History
from ..recipe import keep_recipe
from ..repository import Prompter, Repository
from .drawing import draw_samples
from .duplicates import NearDuplicates
from .evaluation_sets import Leaks, read_set
from .in_use import in_use
from .instructions import draw_instructions
from .journal import Journal
from .options import DataOptions
from .output_folder import INPUTS, STATE, check_apart, hide, paths_outside
from .report import Report, RepositoryReport, by_number, is_reported, page_options, read_report, write_report
from .sample import sample_row
from .selection import Known, Progress, Row, Selection, select
from .source import Source, readable_source

_LINES_PER_SAMPLE = 25
_SAMPLES = "samples"


def make_data(
    repositories: Sequence[Repository],
    prompter: Prompter,
    options: DataOptions,
    against: Iterable[Path],
    out: Path,
    progress: Progress,
) -> Report:
    """Writes the samples of the repositories to `out`, or goes on with it. Raises `RecipeChanged`, `NothingToLearn`,
    `SetUnreadable`, `PackageMissing` and `NotWritten`."""
    for repository in repositories:
        check_apart(repository, out)
    with in_use(out):
        with written_in(out):
            hide(out)
            keep_recipe(out, options)
        listed = [(repository, paths_outside(repository, out)) for repository in repositories]
        inputs = [_digest(repository, paths) for repository, paths in listed]
        target = out / f"{options.form}.jsonl"
        if target.is_file() and is_reported(out) and _kept_inputs(out / INPUTS) == inputs:
            return read_report(out)
        state = out / STATE
        _begin(state, inputs)
        leaks = Leaks(text for path in against for text in read_set(path)) if options.against else None
        known = Known(near=NearDuplicates() if len(repositories) > 1 else None, leaks=leaks)
        report = _Run(prompter, options, known, state, progress).over(listed)
        write_report(out, report)
        if not report.samples:
            raise _nothing(repositories, report)
        with written_in(out):
            (state / f"{_SAMPLES}.jsonl").replace(target)
            _keep_inputs(out / INPUTS, inputs)
            shutil.rmtree(state)
        return report


class _Run:
    """Owns what is written to of one run."""

    def __init__(self, prompter: Prompter, options: DataOptions, known: Known, state: Path, progress: Progress) -> None:
        self._prompter = prompter
        self._options = options
        self._known = known
        self._state = state
        self._progress = progress

    def over(self, repositories: Sequence[tuple[Repository, Sequence[str]]]) -> Report:
        """Each with the paths of its files."""
        with Journal(self._state / f"{_SAMPLES}.jsonl") as samples, Journal(self._state / "sampled.jsonl") as sampled:
            done = list(sampled.rows())
            if done and done[-1]["bytes"] > samples.size_bytes:
                sampled.cut(0)
                done = []
            samples.cut(done[-1]["bytes"] if done else 0)
            left = iter(done)
            reports: list[RepositoryReport] = []
            rows: list[Row] = []
            for number, (repository, paths) in enumerate(repositories):
                folder = self._state / f"{number:04}"
                selection = select(repository, paths, self._options, self._known, folder, self._progress)
                history = History.of(repository.root) if selection.files else None
                own = list(self._sampled(repository, selection, history, samples, sampled, left))
                reports.append(_of_repository(repository, selection, history, own))
                rows += own
        kinds: Counter[str] = Counter()
        for row in rows:
            kinds.update(row["kinds"])
        return Report(
            options=page_options(self._options),
            repositories=tuple(reports),
            samples=sum(kinds.values()),
            kinds=by_number(kinds),
            characters=sum(row["characters"] for row in rows),
        )

    def _sampled(
        self,
        repository: Repository,
        selection: Selection,
        history: History | None,
        samples: Journal,
        sampled: Journal,
        done: Iterator[Row],
    ) -> Iterator[Row]:
        """A row for each file, of what was drawn in it: those `done` before, and the others, which are drawn now."""
        total = len(selection.files)
        for number, (file, most) in enumerate(zip(selection.files, _allotted(selection, self._options), strict=True)):
            row = next(done, None)
            if row is None:
                kinds: Counter[str] = Counter()
                characters = 0
                for kind, learned, line in self._drawn(repository, file, most, history):
                    samples.append_line(line)
                    kinds[kind] += 1
                    characters += learned
                row = {"bytes": samples.size_bytes, "kinds": dict(kinds), "characters": characters}
                sampled.append(row)
            self._progress(repository.name, _SAMPLES, number + 1, total)
            yield row

    def _drawn(
        self, repository: Repository, file: Row, most: int, history: History | None
    ) -> Iterator[tuple[str, int, str]]:
        """The kind of each sample, how many characters are learned of it, and its line."""
        source = readable_source(repository, file["path"])
        if source is None or source.digest != file["digest"]:
            return
        if self._options.form == "instructions":
            facts = fim.file_facts(source.path, repository.project_of(source.document()))
            for kind, task in draw_instructions(source, facts, repository, self._prompter, self._options, most):
                yield kind, len(task.output), json.dumps(asdict(task), ensure_ascii=False)
            return
        changed = _changed(repository, source, history)
        for sample in draw_samples(source, repository, self._prompter, self._options, most, changed):
            row = sample_row(replace(sample, group=file["group"]))
            yield sample.kind, len(sample.completion), json.dumps(row, ensure_ascii=False)


def _changed(repository: Repository, source: Source, history: History | None) -> float:
    known = history.changed(source.path) if history is not None else None
    return (repository.root / source.path).stat().st_mtime if known is None else known


def _allotted(selection: Selection, options: DataOptions) -> Iterator[int]:
    """How many samples each file gives, by its length; where that is more than the limit, all give less."""
    wanted = [min(options.samples, math.ceil(file["lines"] / _LINES_PER_SAMPLE)) for file in selection.files]
    total = sum(wanted)
    limit = min(total, options.limit)
    before = given = 0
    for number in wanted:
        before += number
        now = before * limit // total
        yield now - given
        given = now


def _of_repository(
    repository: Repository, selection: Selection, history: History | None, rows: Sequence[Row]
) -> RepositoryReport:
    return RepositoryReport(
        name=repository.name,
        stages=selection.stages,
        order=selection.order,
        files=len(selection.files),
        samples=sum(sum(row["kinds"].values()) for row in rows),
        history=None if history is None else history.problem,
        files_per_language=by_number(Counter(file["language"] for file in selection.files)),
    )


def _nothing(repositories: Sequence[Repository], report: Report) -> NothingToLearn:
    names = ", ".join(str(repository.root) for repository in repositories)
    reasons: Counter[str] = Counter()
    for stage in report.stages:
        reasons.update(stage.reasons)
    if not report.stages[0].files_in:
        return NothingToLearn(f"{names} has no files that may be learned from.", "Name a folder with source code.")
    told = ", ".join(f"{count:,} {reason}" for reason, count in by_number(reasons).items())
    return NothingToLearn(f"No file of {names} can be learned from: {told}.", "Name a folder with source code.")


def _digest(repository: Repository, paths: Sequence[str]) -> str:
    """Another one where a file came, went or changed, as far as the folder tells."""
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        try:
            status = (repository.root / path).stat()
        except OSError:
            continue
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogatepass"))
    return f"{repository.name} {digest.hexdigest()}"


def _begin(state: Path, inputs: Sequence[str]) -> None:
    """Begins anew where the files are others than those that the state is of."""
    if _kept_inputs(state / INPUTS) != list(inputs):
        with written_in(state.parent):
            shutil.rmtree(state, ignore_errors=True)
            state.mkdir(parents=True)
            _keep_inputs(state / INPUTS, inputs)


def _keep_inputs(path: Path, inputs: Sequence[str]) -> None:
    with written_whole(path) as draft:
        draft.write_text(json.dumps(list(inputs)) + "\n", "utf-8")


def _kept_inputs(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
