"""The corpus: texts to learn from, texts to measure with, and the table of where they came from.

Files of the output folder: train.jsonl and heldout.jsonl hold one file a line, packages.json and PACKAGES.md the
table. Held-out text never gets into the training set: not by name, not as a copy, not as a passage.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from .cleaning import clean, is_skipped, is_test
from .corpus_file import CorpusFile
from .errors import CorpusTooSmall
from .files import written_whole
from .mixture.repositories import Repository
from .overlap import Overlap
from .packages import STANDARD_LIBRARY, Package, installed_packages, standard_library
from .recipe import CorpusChoice

_HELD_OUT_CHARACTERS = range(800, 200_001)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageRow:
    """A row of the table: what of one package was used. `characters` counts code points."""

    package: str
    version: str
    licence: str
    files: int
    characters: int


def build_corpus(
    folder: Path,
    choice: CorpusChoice,
    repositories: Sequence[Repository],
    seed: int,
    report: Callable[[str], None],
) -> None:
    """Writes the corpus into `folder`, packages.json last. `repositories`: in other languages than Python. Raises
    `CorpusTooSmall`."""
    libraries, packages = _installed(choice)
    held_out = held_out_files(choice)
    overlap = Overlap(file.text for file in held_out)
    training: list[CorpusFile] = []
    used: list[PackageRow] = []
    excluded: list[PackageRow] = []
    for package in (*libraries, *packages):
        if package.name in choice.held_out_packages:
            continue
        files = list(_training(package, choice, overlap)) if package.is_permissive else []
        row = _row(package.name, package.version, package.licence, files)
        report(_line(row))
        training += files
        if files:
            used.append(row)
        elif not package.is_permissive:
            excluded.append(row)
    _check_sizes(training, held_out, choice)
    for repository in repositories:
        files = [file for file in _capped(repository, choice) if overlap.admit(file.text)]
        row = _row(repository.name, repository.version, repository.licence, files)
        report(_line(row))
        training += files
        used += [row] if files else []
    order = np.random.default_rng(seed).permutation(len(training))
    _write_files(folder / "train.jsonl", (training[n] for n in order))
    _write_files(folder / "heldout.jsonl", held_out)
    _write_table(folder, used, excluded, held_out)


def read_files(path: Path) -> list[CorpusFile]:
    with path.open(encoding="utf-8") as lines:
        return [CorpusFile(package=row["p"], path=row["f"], text=row["t"]) for row in map(json.loads, lines)]


def held_out_files(choice: CorpusChoice) -> list[CorpusFile]:
    """The files to measure with: no tests and no vendored code, but uncleaned, as an editor would show them."""
    files: list[CorpusFile] = []
    for name, path, file in held_out_sources(choice):
        text = file.read_text("utf-8", errors="replace")
        if len(text) in _HELD_OUT_CHARACTERS and not is_test(path) and not is_skipped(path):
            files.append(CorpusFile(package=name, path=path, text=text))
    return files


def held_out_sources(choice: CorpusChoice) -> Iterator[tuple[str, str, Path]]:
    """All of the held-out modules and packages: the name of one, a file's path in it, and where the file lies."""
    libraries, packages = _installed(choice)
    for library in libraries[:1]:
        for path, file in library.files:
            module = path.split("/")[0]
            if module in choice.held_out_modules:
                yield f"stdlib-{module}", path, file
    for package in packages:
        if package.name in choice.held_out_packages:
            for path, file in package.files:
                yield package.name, path, file


def _installed(choice: CorpusChoice) -> tuple[list[Package], list[Package]]:
    """The standard libraries, and the packages by name; of several versions, the first site's."""
    by_name: dict[str, Package] = {}
    for site in choice.sites:
        for package in installed_packages(Path(site)):
            by_name.setdefault(package.name, package)
    libraries = [standard_library(Path(path)) for path in dict.fromkeys(choice.libraries)]
    return libraries, [by_name[name] for name in sorted(by_name)]


def _training(package: Package, choice: CorpusChoice, overlap: Overlap) -> Iterator[CorpusFile]:
    """The package's clean files that repeat neither each other nor held-out text, up to its share of the corpus."""
    total = tests = 0
    for path, file in sorted(package.files, key=lambda entry: _shuffled(package.name, entry[0])):
        if total > choice.package_characters:
            return
        if is_skipped(path) or _names_held_out(package, path, choice):
            continue
        if is_test(path) and tests > choice.package_characters * choice.tests_share:
            continue
        text = clean(file.read_bytes())
        if text is None or not overlap.admit(text):
            continue
        total += len(text)
        tests += len(text) * is_test(path)
        yield CorpusFile(package=package.name, path=path, text=text)


def _names_held_out(package: Package, path: str, choice: CorpusChoice) -> bool:
    """Whether held-out code lies there by name: a standard library's module, its tests, a package's copy."""
    parts = path.removesuffix(".py").split("/")
    names = {name.replace("-", "_") for name in choice.held_out_packages}
    names |= {f"test_{module}" for module in choice.held_out_modules}
    is_module = package.name == STANDARD_LIBRARY and parts[0] in choice.held_out_modules
    return is_module or not names.isdisjoint(parts)


def _shuffled(*parts: str) -> bytes:
    """A fixed order that follows no alphabet, so that a package cut at its share is not cut at a letter."""
    return hashlib.blake2b("/".join(parts).encode()).digest()


def _capped(repository: Repository, choice: CorpusChoice) -> Iterator[CorpusFile]:
    """The repository's files in a fixed order, up to its share of the corpus."""
    total = 0
    for file in sorted(repository.files, key=lambda file: _shuffled(repository.name, file.path)):
        if total > choice.package_characters:
            return
        total += len(file.text)
        yield file


def _row(name: str, version: str, licence: str, files: list[CorpusFile]) -> PackageRow:
    characters = sum(len(file.text) for file in files)
    return PackageRow(package=name, version=version, licence=licence, files=len(files), characters=characters)


def _line(row: PackageRow) -> str:
    return f"{row.package} {row.version} ({row.licence}): {row.files} files, {row.characters / 1e6:.2f} MB"


def _check_sizes(training: list[CorpusFile], held_out: list[CorpusFile], choice: CorpusChoice) -> None:
    characters = sum(len(file.text) for file in training)
    if characters < choice.minimum_characters:
        raise CorpusTooSmall(
            f"Only {characters:,} characters of permissively licensed Python were found.",
            "Name more site-packages folders with --site.",
        )
    if not held_out:
        raise CorpusTooSmall(
            f"There is nothing to measure with: no package of {', '.join(choice.held_out_packages)}.",
            "Install one of them into a --site folder.",
        )


def _write_files(path: Path, files: Iterable[CorpusFile]) -> None:
    with written_whole(path) as draft, draft.open("w", encoding="utf-8") as lines:
        for file in files:
            lines.write(json.dumps({"p": file.package, "f": file.path, "t": file.text}) + "\n")


def _write_table(folder: Path, used: list[PackageRow], excluded: list[PackageRow], held_out: list[CorpusFile]) -> None:
    table = {
        "packages": [asdict(row) for row in used],
        "excluded_by_licence": [asdict(row) for row in excluded],
        "held_out": {
            name: {
                "files": sum(file.package == name for file in held_out),
                "characters": sum(len(file.text) for file in held_out if file.package == name),
            }
            for name in sorted({file.package for file in held_out})
        },
    }
    with written_whole(folder / "PACKAGES.md") as draft:
        draft.write_text("\n".join(_markdown(used, excluded)) + "\n", "utf-8")
    with written_whole(folder / "packages.json") as draft:
        draft.write_text(json.dumps(table, indent=1) + "\n", "utf-8")


def _markdown(used: list[PackageRow], excluded: list[PackageRow]) -> Iterator[str]:
    yield from ("| package | version | licence | files | kB |", "| --- | --- | --- | --- | --- |")
    for row in used:
        yield f"| {row.package} | {row.version} | {row.licence} | {row.files} | {row.characters // 1000} |"
    if excluded:
        yield "\nExcluded by licence: " + ", ".join(
            f"{row.package} ({row.licence or 'none named'})" for row in excluded
        )
