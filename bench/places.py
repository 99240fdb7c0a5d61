"""Where completions are measured: the rests of lines that `learn.middles` draws, and the workspaces they stand in."""

from __future__ import annotations

import argparse
import shutil
import sysconfig
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gold import drawing
from seekline import fim
from seekline.fim.code.grammars import grammar_of
from seekline.learn.cleaning import is_generated, is_test
from seekline.learn.corpus import held_out_files, held_out_sources
from seekline.learn.corpus_file import CorpusFile
from seekline.learn.errors import CorpusTooSmall
from seekline.learn.eval.places import place_at
from seekline.learn.middles import HALF_WHOLE_LINES, RESTS, Kind, draw_tasks, draw_tasks_in
from seekline.learn.packages import own_standard_library
from seekline.learn.recipe import CorpusChoice

CARD_POSITIONS = 840


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A cursor with the rest of its line cut out: `document` is what an editor has while that is still to be typed.

    `root`: the workspace, where the file has its whole text. `rest`: what was cut, without blanks at its end.
    """

    root: Path
    repository: str
    language: str
    kind: Kind
    document: fim.Document
    cursor: fim.Cursor
    rest: str


def in_repository(given: str, number: int, *, whole_lines: bool) -> list[Place]:
    """Places in the sources of `DIR` or `DIR:LANGUAGE`, tests left out; else its language is the one that most is in.
    Raises `CorpusTooSmall`."""
    root, wanted = root_and_language(given)
    files = sources(root)
    language = wanted or main_language(files, root)
    own = [file for file in files if language_of(file.path) == language]
    drawn = draw_tasks_in(language, own, number, HALF_WHOLE_LINES if whole_lines else RESTS)
    return [cut(task.file, task.middle.start, task.middle.end, task.middle.kind, root, language) for task in drawn]


def of_the_card(sites: Sequence[Path], number: int, workspaces: Path) -> list[Place]:
    """The first positions of the model card, of 840. `workspaces`: a folder in which each package gets one of its own,
    with its sources but no tests. Raises `CorpusTooSmall`."""
    found = [str(site) for site in sites] or [sysconfig.get_path("purelib")]
    choice = CorpusChoice(sites=tuple(found), libraries=(str(own_standard_library()),))
    files = held_out_files(choice)
    missing = set(choice.held_out_packages) - {file.package for file in files}
    if missing:
        raise CorpusTooSmall(
            f"The card's positions are also in {', '.join(sorted(missing))}, which no --site has.",
            f"Install them: pip install --no-deps --target DIR {' '.join(choice.held_out_packages)}, then --site DIR.",
        )
    for package, path, source in held_out_sources(choice):
        if not is_test(path):
            copy = workspaces / package / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
    return [
        cut(task.file, task.middle.start, task.middle.end, task.middle.kind, workspaces / task.file.package, "python")
        for task in draw_tasks(files, number)
    ]


def cut(file: CorpusFile, start: int, end: int, kind: Kind, root: Path, language: str) -> Place:
    """The place at `start` in a file, whose text up to `end` is still to be typed."""
    found = place_at(file.path, language, file.text, start, end, kind, "other")
    return Place(
        root=root,
        repository=file.package,
        language=language,
        kind=kind,
        document=found.document(),
        cursor=found.cursor,
        rest=found.answer.rstrip(),
    )


def root_and_language(given: str) -> tuple[Path, str | None]:
    """A colon may also stand behind a drive's letter."""
    folder, colon, name = given.rpartition(":")
    if not colon or Path(given).is_dir():
        folder, name = given, ""
    root = Path(folder).resolve()
    if not root.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {folder}")
    language = fim.language_named(name) if name else None
    if name and language is None:
        raise argparse.ArgumentTypeError(f"there is no language {name!r}; known are {', '.join(fim.language_names())}")
    return root, language.name if language else None


def sources(root: Path) -> list[CorpusFile]:
    """The files of a known language that are neither tests, examples, generated, nor other people's."""
    files: list[CorpusFile] = []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if language_of(name) is None or _is_left_out(name) or path.is_symlink() or not path.is_file():
            continue
        text = drawing.read(path)
        if text and not is_generated(text):
            files.append(CorpusFile(package=root.name, path=name, text=text))
    return files


def _is_left_out(path: str) -> bool:
    """Below `src/main` all is source, even in packages that are called `samples`."""
    around, found, _ = path.rpartition("src/main/")
    return bool(drawing.LEFT_OUT.search(f"{around}{PurePosixPath(path).name}" if found else path))


def language_of(path: str) -> str | None:
    language = fim.language_of_path(path)
    return language.name if language else None


def main_language(files: Sequence[CorpusFile], root: Path) -> str:
    """The one that most of the code is in: what documents and configures a repository has no grammar."""
    sizes: Counter[str] = Counter()
    for file in files:
        language = fim.language_of_path(file.path)
        if language is not None and grammar_of(file.path, language) is not None:
            sizes[language.name] += len(file.text)
    if not sizes:
        raise CorpusTooSmall(f"{root} has no sources of a known language.", "Name it: --repository DIR:LANGUAGE.")
    return max(sizes, key=lambda name: sizes[name])
