"""The rest of a line as a task, and how such tasks are drawn: what the measured places of all languages share."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..corpus_file import CorpusFile
from ..errors import CorpusTooSmall
from .middle import Kind, Line, Middle, indentation, is_inside_word, line_at

CodeLines = Callable[[str], frozenset[int]]
"""From a text to the numbers (from 0) of its lines that are code."""

_SHORTEST_LINE_CHARACTERS = 5
_LONGEST_LINE_CHARACTERS = 120
_CHARACTERS_BEFORE_MID = 3
# So many draws in a row that hit no line of use: time to see whether there is one.
_MANY_MISSES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class InfillingTask:
    """A middle of a file: the rest of a line, of one of the kinds that `draw_rests` was given."""

    file: CorpusFile
    middle: Middle

    @property
    def answer(self) -> str:
        return self.file.text[self.middle.start : self.middle.end]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which rests of lines are drawn. `kinds` take turns. `blanks`: characters that count as no part of the code."""

    kinds: tuple[Kind, ...]
    code_lines: CodeLines
    blanks: str = " \t"
    seed: int


def draw_rests(groups: Sequence[list[CorpusFile]], number: int, policy: Policy) -> list[InfillingTask]:
    """`number` tasks, at most one in a line: the groups take turns, and the kinds do within each group.

    A larger number goes on from what a smaller one draws. Raises `CorpusTooSmall`.
    """
    draw = random.Random(policy.seed)  # noqa: S311
    lines = _UnusedLines(policy)
    tasks: list[InfillingTask] = []
    misses = 0
    while len(tasks) < number:
        own = groups[len(tasks) % len(groups)]
        # Long files as often as they have lines: files drawn evenly gave many like positions in short ones.
        file = draw.choices(own, [len(other.text) for other in own])[0]
        line = line_at(file.text, draw.randrange(len(file.text)))
        kind = policy.kinds[(len(tasks) // len(groups)) % len(policy.kinds)]
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
                "Measure at fewer --positions, or with more code.",
            )
    return tasks


class _UnusedLines:
    """The lines of code of all files, each to be used once."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
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
        starts = _starts(file.text, Line(start=line.start, end=end), kind, self._policy.blanks)
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
            self._code_lines[text] = self._policy.code_lines(text)
        return text.count("\n", 0, line.start) in self._code_lines[text]


def _starts(text: str, line: Line, kind: Kind, blanks: str) -> Iterator[int]:
    """Where a middle of a kind may start in a line."""
    first = line.start + indentation(text[line.start : line.end])
    if kind == "line":
        yield first
        return
    for offset in range(first, line.end):
        if kind == "mid":
            before = text[line.start : offset]
            if sum(character not in blanks for character in before) >= _CHARACTERS_BEFORE_MID:
                yield offset
        elif offset == first:
            if kind == "start":
                yield offset
        elif text[offset] not in blanks and not is_inside_word(text, offset):
            yield offset
