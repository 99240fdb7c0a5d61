"""How right answers are: each by itself, and all of one model together.

Two conventions stand side by side. Whole: all that was generated (arXiv:2401.14196). First line: what was generated up
to its first line end, for tasks whose solution is one line (arXiv:2406.11931, footnote 5). Blanks around do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ...similarity import edit_similarity
from ..sandbox import End
from .answering import Answer
from .task import SetTask, first_line

Encode = Callable[[str], list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How right one answer is. None: there is none of this measure; `end` where nothing was run."""

    task_id: str
    language: str
    exact: bool
    edit: float
    first_token: bool | None
    exact_first_line: bool | None
    edit_first_line: float | None
    is_shown: bool | None
    is_cut: bool
    end: End | None = None
    end_first_line: End | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Means of many scores, from 0 to 1; None where no task has the measure. `one_line_tasks`: of how many tasks the
    figures of first lines are. `ends`: how often programs ended in which way."""

    tasks: int
    one_line_tasks: int
    cut_tasks: int
    exact: float
    edit: float
    first_token: float | None
    exact_first_line: float | None
    edit_first_line: float | None
    shown: float | None
    pass_at_1: float | None
    pass_at_1_first_line: float | None
    ends: dict[str, int]


def score(task: SetTask, answer: Answer, encode: Encode | None) -> Score:
    """`encode`: text to token ids, where the model's tokens are known."""
    expected = task.solution.strip()
    line = first_line(task, answer.text).strip() if task.is_one_line else None
    return Score(
        task_id=task.id,
        language=task.language,
        exact=answer.text.strip() == expected,
        edit=edit_similarity(answer.text.strip(), expected),
        first_token=None if encode is None else encode(answer.text.strip())[:1] == encode(expected)[:1],
        exact_first_line=None if line is None else line == expected,
        edit_first_line=None if line is None else edit_similarity(line, expected),
        is_shown=answer.is_shown,
        is_cut=answer.is_cut,
    )


def figures(scores: Sequence[Score]) -> Figures:
    """Of at least one score."""
    return Figures(
        tasks=len(scores),
        one_line_tasks=sum(each.exact_first_line is not None for each in scores),
        cut_tasks=sum(each.is_cut for each in scores),
        exact=_mean(each.exact for each in scores) or 0.0,
        edit=_mean(each.edit for each in scores) or 0.0,
        first_token=_mean(each.first_token for each in scores),
        exact_first_line=_mean(each.exact_first_line for each in scores),
        edit_first_line=_mean(each.edit_first_line for each in scores),
        shown=_mean(each.is_shown for each in scores),
        pass_at_1=_mean(_has_passed(each.end) for each in scores),
        pass_at_1_first_line=_mean(_has_passed(each.end_first_line) for each in scores),
        ends=dict(sorted(Counter(each.end for each in scores if each.end is not None).items())),
    )


def _has_passed(end: End | None) -> bool | None:
    return None if end is None else end == "passed"


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
