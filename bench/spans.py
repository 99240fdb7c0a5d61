"""What is typed: spans of real files, drawn by seed, and the intervals in which a person types them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from random import Random

from seekline import fim

_INDENTATION = re.compile(r"^(?:\t|  +)(?=\S)", re.MULTILINE)
_LONGEST_LINE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of a file that is still to be typed, between what stands above it and below it. It begins with the end of
    a line, and ends before one.

    `root`: the workspace; `path`: the file's in it; `language`: a name, or empty.
    """

    root: Path
    path: str
    language: str
    above: str
    text: str
    below: str

    @property
    def indentation_unit(self) -> str:
        found = _INDENTATION.findall(self.above + self.text + self.below)
        return min(found, key=len, default="    ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Log-normal: a median in seconds, and the deviation of the logarithm."""

    median_s: float
    deviation: float

    def drawn(self, random: Random) -> float:
        return random.lognormvariate(0, self.deviation) * self.median_s


IN_WORD = Interval(median_s=0.15, deviation=0.35)
BEFORE_WORD = Interval(median_s=0.25, deviation=0.5)
BEFORE_ENTER = Interval(median_s=0.3, deviation=0.5)
ON_NEW_LINE = Interval(median_s=0.7, deviation=0.6)
READING = Interval(median_s=0.3, deviation=0.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """For each character of a span how long the person waits before it is typed, and how long they read a text that
    appears there before they accept it. The same whatever was accepted before."""

    before_s: tuple[float, ...]
    reading_s: tuple[float, ...]


def rhythm_of(span: Span, seed: int) -> Rhythm:
    random = Random(f"{seed} {span.path} {len(span.above)}")
    before_s: list[float] = []
    reading_s: list[float] = []
    for number, key in enumerate(span.text):
        before_s.append(_interval(span.text[:number], key).drawn(random))
        reading_s.append(READING.drawn(random))
    return Rhythm(before_s=(*before_s, 0.0), reading_s=(*reading_s, 0.0))


def _interval(typed: str, key: str) -> Interval:
    if key == "\n":
        return BEFORE_ENTER
    if not typed.rpartition("\n")[2].strip():
        return ON_NEW_LINE
    is_word = key.isalnum() or key == "_"
    return BEFORE_WORD if is_word and not (typed[-1].isalnum() or typed[-1] == "_") else IN_WORD


def spans_in(file: Path, root: Path, number: int, lines: int, seed: int) -> list[Span]:
    """At most so many spans of so many lines, none over another, in the order of the file."""
    text = file.read_text("utf-8")
    every = fim.split_lines(text)
    path = file.relative_to(root).as_posix()
    language = fim.language_of_path(path)
    starts = list(range(1, len(every) - lines, lines))
    Random(f"{seed} {path}").shuffle(starts)
    chosen = [first for first in starts if _is_typed(every[first : first + lines])]
    found: list[Span] = []
    for first in sorted(chosen[:number]):
        above = "".join(every[:first]).removesuffix("\n")
        typed = ("\n" + "".join(every[first : first + lines])).removesuffix("\n")
        below = text[len(above) + len(typed) :]
        name = language.name if language else ""
        found.append(Span(root=root, path=path, language=name, above=above, text=typed, below=below))
    return found


def _is_typed(lines: list[str]) -> bool:
    """Nobody types overlong lines, and few lines that are mostly blank say nothing."""
    is_short = max(map(len, lines)) <= _LONGEST_LINE
    return is_short and sum(bool(line.strip()) for line in lines) > len(lines) // 2
