"""Where the embedded model's card measures: the rest of a line, in the Python of held-out packages."""

from __future__ import annotations

from collections import defaultdict

from ..corpus_file import CorpusFile
from ..errors import CorpusTooSmall
from .code_lines import python_code_lines
from .tasks import InfillingTask, Policy, draw_rests

# A tab is no blank here: the first model's evaluation knew spaces only, and its figures are to compare.
_POLICY = Policy(kinds=("start", "mid"), code_lines=python_code_lines, blanks=" ", seed=7)


def draw_tasks(files: list[CorpusFile], number: int) -> list[InfillingTask]:
    """`number` tasks, at most one in a line, as many of each package, half of each kind (`start`, `mid`). Raises
    `CorpusTooSmall`."""
    packages = list(_by_package(files).values())
    if not packages:
        raise CorpusTooSmall("The held-out files have no text to measure at.", "Name another file of held-out code.")
    return draw_rests(packages, number, _POLICY)


def _by_package(files: list[CorpusFile]) -> dict[str, list[CorpusFile]]:
    """The files with a text by package, in the order of the packages' names."""
    found: dict[str, list[CorpusFile]] = defaultdict(list)
    for file in files:
        if file.text:
            found[file.package].append(file)
    return {package: found[package] for package in sorted(found)}
