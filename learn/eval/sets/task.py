"""One task of a published set, whichever set it is: what the model is given, what it should write, what tests it."""

from __future__ import annotations

from dataclasses import dataclass

from .benchmarks import all_benchmarks


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The program that tests an answer, around it. `is_quoted`: the answer stands in it as a string literal."""

    before: str
    after: str
    is_quoted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTask:
    """`benchmark`: a key of benchmarks.toml. `prefix`: what the model goes on with, few-shot examples included.
    `suffix`: what stands behind the hole; empty where there is none. `solution`: the set's own answer. `stops`: texts
    at which an answer ends. `program`: None for a set, or a language, whose tests are not run here."""

    id: str
    benchmark: str
    language: str
    prefix: str
    suffix: str
    solution: str
    stops: tuple[str, ...] = ()
    program: Program | None = None

    @property
    def has_hole(self) -> bool:
        """Whether a model is shown what stands behind, which may be nothing."""
        return all_benchmarks()[self.benchmark].has_holes

    @property
    def is_one_line(self) -> bool:
        """Whether what stands in a hole is one line, so that an answer's first line can be compared with it."""
        return self.has_hole and "\n" not in self.solution.removesuffix("\n")


def program_of(task: SetTask, answer: str) -> str | None:
    """The whole program that tests an answer; it ends without an error where the answer is right."""
    if task.program is None:
        return None
    written = repr(answer) if task.program.is_quoted else answer
    return task.program.before + written + task.program.after


def until_stop(task: SetTask, text: str) -> str:
    """An answer up to the first of the texts at which it ends."""
    ends = [text.find(stop) for stop in task.stops]
    return text[: min((end for end in ends if end >= 0), default=len(text))]


def first_line(task: SetTask, text: str) -> str:
    """The first generated line, which takes the place of the solution's (arXiv:2406.11931, footnote 5)."""
    return text.partition("\n")[0] + ("\n" if task.solution.endswith("\n") else "")
