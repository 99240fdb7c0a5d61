"""Stages 1 to 5: from the files of one repository to those that are learned from, in their order.

Whatever looks at every file writes down what it found, so that a killed run goes on with the next file. One text is in
memory at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ... import fim
from ..repository import Repository
from .duplicates import NearDuplicates, kept_signature
from .evaluation_sets import Leaks
from .journal import Journal
from .licences import read_licences
from .near_files import can_compare, file_signature, groups_of
from .options import DataOptions
from .order import topological_order
from .report import STAGES, Stage, by_number
from .rules import check_path, check_text
from .source import LeftOut, read_source, readable_source

Row = dict[str, Any]
Progress = Callable[[str, str, int, int], None]
"""Is told the repository, the stage, how many files of it are done, and how many there are."""

CHANGED = "changed meanwhile"
_MAX_ERROR_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What repositories before said, and the evaluation sets. `digests`: of the files that stayed."""

    digests: set[str] = field(default_factory=set[str])
    near: NearDuplicates | None = None
    leaks: Leaks | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """`files`: the rows of the files that stay, in topological order: path, digest, language, lines, and the group (see
    `Sample`). `order`: all that passed the rules, part by part."""

    files: tuple[Row, ...]
    order: tuple[tuple[str, ...], ...]
    stages: tuple[Stage, ...]


def select(
    repository: Repository, paths: Sequence[str], options: DataOptions, known: Known, folder: Path, progress: Progress
) -> Selection:
    """`folder`: where the state of this repository is kept. Raises `NotWritten`."""

    def tell(stage: str, done: int, total: int) -> None:
        progress(repository.name, stage, done, total)

    rules = _each(folder / "rules.jsonl", paths, _by_rules(repository, paths, options), "rules", tell)
    files = {row["path"]: row for row in rules if "why" not in row}
    told = _each(folder / "dependencies.jsonl", list(files), _facts(repository), "dependencies", tell)
    facts = {row["path"]: row for row in told}
    order = topological_order(list(files), {path: set(row["imports"]) for path, row in facts.items()})
    ordered = [path for part in order for path in part]
    repeated = _duplicates(repository, ordered, files, known, folder, tell)
    fresh = [path for path in ordered if path not in repeated]
    poor = {path: reason for path in fresh if (reason := _poor(facts[path])) is not None}
    kept = [path for path in fresh if path not in poor]
    known.digests.update(files[path]["digest"] for path in kept)
    groups = _groups(repository, kept, folder, tell) if options.form == "samples" and can_compare() else {}
    stages = (
        _stage(len(paths), Counter(row["why"] for row in rules if "why" in row), 0),
        _stage(len(files), Counter(), 1, **_dependency_notes(facts, files)),
        _stage(len(files), Counter(), 2, **_order_notes(order)),
        _stage(len(ordered), Counter(repeated.values()), 3, **_group_notes(groups)),
        _stage(len(fresh), Counter(poor.values()), 4),
    )
    chosen = tuple({**files[path], "group": groups.get(path, "")} for path in kept)
    return Selection(files=chosen, order=tuple(map(tuple, order)), stages=stages)


def _each(
    path: Path,
    items: Sequence[str],
    work: Callable[[str], Row],
    stage: str,
    tell: Callable[[str, int, int], None],
) -> list[Row]:
    """A row for each item: those that are written there already, and the others."""
    with Journal(path) as journal:
        rows = list(journal.rows())[: len(items)]
        tell(stage, len(rows), len(items))
        for number, item in enumerate(items[len(rows) :], len(rows) + 1):
            row = work(item)
            journal.append(row)
            rows.append(row)
            tell(stage, number, len(items))
    return rows


def _by_rules(repository: Repository, paths: Sequence[str], options: DataOptions) -> Callable[[str], Row]:
    licences = read_licences(repository, paths) if options.licence == "permissive" else None

    def check(path: str) -> Row:
        try:
            check_path(path, tests=options.tests)
            source = read_source(repository, path)
            check_text(source)
            if licences is not None:
                licences.check(source)
        except LeftOut as left_out:
            return {"path": path, "why": left_out.reason}
        lines = source.text.count("\n") + 1
        return {"path": path, "digest": source.digest, "language": source.language.name, "lines": lines}

    return check


def _facts(repository: Repository) -> Callable[[str], Row]:
    """What the context engine says of a file, and whether the server hides a line of it, which then has a secret."""

    def read(path: str) -> Row:
        try:
            document = read_source(repository, path).document()
        except LeftOut:
            return {"path": path, "imports": [], "why": CHANGED}
        project = repository.project_of(document)
        shown = project.document(path)
        facts = fim.file_facts(path, project)
        return {
            "path": path,
            "imports": [] if facts is None else sorted(facts.imports),
            "errors": None if facts is None else facts.error_share,
            "secret": shown is None or shown.lines != document.lines,
        }

    return read


def _poor(facts: Row) -> str | None:
    """Why a file is left out by stage 5."""
    if "why" in facts:
        return facts["why"]
    if facts["secret"]:
        return "secret"
    return "does not parse" if (facts["errors"] or 0.0) > _MAX_ERROR_SHARE else None


def _duplicates(
    repository: Repository,
    ordered: Sequence[str],
    files: Mapping[str, Row],
    known: Known,
    folder: Path,
    tell: Callable[[str, int, int], None],
) -> dict[str, str]:
    """Stage 4: the files that are left out, with the reason of each."""
    if known.near is not None and ordered:
        signature = kept_signature(folder / "signature.json", _texts(repository, ordered))
        alike = known.near.like(repository.name, signature)
        if alike is not None:
            return dict.fromkeys(ordered, f"repository nearly the same as {alike}")
    found: dict[str, str] = {}
    seen: set[str] = set()
    for path in ordered:
        digest = files[path]["digest"]
        if digest in known.digests or digest in seen:
            found[path] = "same as another file"
        seen.add(digest)
    if known.leaks is not None:
        left = [path for path in ordered if path not in found]
        rows = _each(folder / "leaks.jsonl", left, _leaking(repository, known.leaks), "duplicates", tell)
        found.update({row["path"]: "has a task of an evaluation set" for row in rows if row["leaks"]})
    return found


def _leaking(repository: Repository, leaks: Leaks) -> Callable[[str], Row]:
    def look(path: str) -> Row:
        return {"path": path, "leaks": any(leaks.are_in(text) for text in _texts(repository, [path]))}

    return look


def _groups(
    repository: Repository, paths: Sequence[str], folder: Path, tell: Callable[[str, int, int], None]
) -> dict[str, str]:
    """The group of each file that is nearly the same as another one."""

    def sign(path: str) -> Row:
        source = readable_source(repository, path)
        return {"path": path, "signature": [] if source is None else file_signature(source.text)}

    rows = _each(folder / "signatures.jsonl", paths, sign, "duplicates", tell)
    return groups_of({row["path"]: row["signature"] for row in rows})


def _texts(repository: Repository, paths: Collection[str]) -> Iterator[str]:
    for path in paths:
        source = readable_source(repository, path)
        if source is not None:
            yield source.text


def _stage(files_in: int, reasons: Counter[str], number: int, **notes: int) -> Stage:
    return Stage(
        name=STAGES[number],
        files_in=files_in,
        files_out=files_in - sum(reasons.values()),
        reasons=by_number(reasons),
        notes={name.replace("_", " "): count for name, count in notes.items()},
    )


def _dependency_notes(facts: Mapping[str, Row], files: Mapping[str, Row]) -> dict[str, int]:
    imports = sum(len(files.keys() & set(row["imports"])) for row in facts.values())
    parsed = sum(row.get("errors") is not None for row in facts.values())
    return {"imports_between_files": imports, "files_with_a_grammar": parsed}


def _group_notes(groups: Mapping[str, str]) -> dict[str, int]:
    return {"files_nearly_the_same_as_another": len(groups)} if groups else {}


def _order_notes(order: Sequence[Sequence[str]]) -> dict[str, int]:
    return {"parts_that_hang_together": len(order), "files_of_the_largest": max(map(len, order), default=0)}
