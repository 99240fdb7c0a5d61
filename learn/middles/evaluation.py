"""Where a model is measured: the rest of a line, in the code of held-out packages, the same for every model."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from ..corpus import CorpusFile
from ..errors import CorpusTooSmall
from .code_lines import python_code_lines
from .middle import Kind, Line, Middle, indentation, is_inside_word, line_at

_SEED = 7
_SHORTEST_LINE_CHARACTERS = 5
_LONGEST_LINE_CHARACTERS = 120
_CHARACTERS_BEFORE_MID = 3
# So many draws in a row that hit no line of use: time to see whether there is one.
_MANY_MISSES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class InfillingTask:
    """A middle of a file: the rest of a line, whose kind is `start` or `mid`."""

    file: CorpusFile
    middle: Middle

    @property
    def answer(self) -> str:
        return self.file.text[self.middle.start : self.middle.end]


def draw_tasks(files: list[CorpusFile], number: int) -> list[InfillingTask]:
    """`number` tasks, at most one in a line, as many of each package, half of each kind. Raises `CorpusTooSmall`.

    The draws are those of the first model's evaluation, so that its figures compare.
    """
    draw = random.Random(_SEED)  # noqa: S311
    packages = list(_by_package(files).values())
    if not packages:
        raise CorpusTooSmall("The held-out files have no text to measure at.", "Name another file of held-out code.")
    lines = _UnusedLines()
    tasks: list[InfillingTask] = []
    misses = 0
    while len(tasks) < number:
        own = packages[len(tasks) % len(packages)]
        # Long files as often as they have lines: files drawn evenly gave many like positions in short ones.
        file = draw.choices(own, [len(other.text) for other in own])[0]
        line = line_at(file.text, draw.randrange(len(file.text)))
        kind: Kind = "mid" if (len(tasks) // len(packages)) % 2 else "start"
        middles = lines.middles(file, line, kind)
        if middles:
            lines.use(file, line)
            tasks.append(InfillingTask(file=file, middle=draw.choice(middles)))
            misses = 0
            continue
        misses += 1
        if misses % _MANY_MISSES == 0 and not lines.any_left(own, kind):
            raise CorpusTooSmall(
                f"After {len(tasks)} positions, {own[0].package} has no line left to measure at.",
                "Measure at fewer --positions, or hold out more code.",
            )
    return tasks


class _UnusedLines:
    """The lines of code of all files, each to be used once."""

    def __init__(self) -> None:
        self._used: set[tuple[str, str, int]] = set()
        self._code_lines: dict[str, frozenset[int]] = {}

    def use(self, file: CorpusFile, line: Line) -> None:
        self._used.add((file.package, file.path, line.start))

    def middles(self, file: CorpusFile, line: Line, kind: Kind) -> list[Middle]:
        """The middles of a kind in a line: none where it was used, is no code, or is too short or too long."""
        content = file.text[line.start : line.end].rstrip()
        if (file.package, file.path, line.start) in self._used:
            return []
        if len(content.strip()) < _SHORTEST_LINE_CHARACTERS or len(content) > _LONGEST_LINE_CHARACTERS:
            return []
        if not self._is_code(file.text, line):
            return []
        end = line.start + len(content)
        starts = _starts(file.text, Line(start=line.start, end=end), kind)
        return [Middle(start=start, end=end, kind=kind) for start in starts]

    def any_left(self, files: list[CorpusFile], kind: Kind) -> bool:
        for file in files:
            start = 0
            while start < len(file.text):
                line = line_at(file.text, start)
                if self.middles(file, line, kind):
                    return True
                start = line.end + 1
        return False

    def _is_code(self, text: str, line: Line) -> bool:
        if text not in self._code_lines:
            self._code_lines[text] = python_code_lines(text)
        return text.count("\n", 0, line.start) in self._code_lines[text]


def _by_package(files: list[CorpusFile]) -> dict[str, list[CorpusFile]]:
    """The files with a text by package, in the order of the packages' names."""
    found: dict[str, list[CorpusFile]] = defaultdict(list)
    for file in files:
        if file.text:
            found[file.package].append(file)
    return {package: found[package] for package in sorted(found)}


def _starts(text: str, line: Line, kind: Kind) -> Iterator[int]:
    """Where a middle of a kind may start in a line."""
    first = line.start + indentation(text[line.start : line.end])
    for offset in range(first, line.end):
        if kind == "mid":
            if len(text[line.start : offset].replace(" ", "")) >= _CHARACTERS_BEFORE_MID:
                yield offset
        elif offset == first or (text[offset] != " " and not is_inside_word(text, offset)):
            yield offset
