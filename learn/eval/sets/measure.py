"""One model, one set: every task answered and scored, programs run meanwhile where that was asked for."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from ..sandbox import End, Outcome
from .answering import Answerer
from .answers import Answers
from .scores import Encode, Figures, Score, figures, score
from .task import SetTask, first_line, program_of

Run = Callable[[str], Outcome]
_WORKERS = 2
_MOST_WAITING = 64
_MOST_CASES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One of the answers that are farthest from right, beside what was expected."""

    task: SetTask
    text: str
    score: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one model reached in a set. `by_language`: the same figures for each language that the set has."""

    name: str
    mode: str
    notes: tuple[str, ...]
    figures: Figures
    by_language: dict[str, Figures]
    scores: tuple[Score, ...]
    worst: tuple[Case, ...]


def draw(tasks: Iterable[SetTask], limit: int | None, seed: int) -> Iterator[SetTask]:
    """All tasks, or `limit` of them that follow from the seed alone, in their order; no more are ever in memory."""
    if limit is None:
        yield from tasks
        return
    chosen: list[tuple[int, SetTask]] = []
    generator = random.Random(seed)  # noqa: S311  (nothing to guess)
    for number, task in enumerate(tasks):
        if number < limit:
            chosen.append((number, task))
        else:
            place = generator.randrange(number + 1)
            if place < limit:
                chosen[place] = (number, task)
    yield from (task for _, task in sorted(chosen, key=lambda found: found[0]))


def measure(
    tasks: Iterable[SetTask],
    answerer: Answerer,
    answers: Answers,
    *,
    encode: Encode | None,
    run: Run | None,
    told: Callable[[int], None] = lambda _: None,
) -> Measured:
    """`run`: what runs a program, from any thread; None runs none. `told`: how many tasks are answered, after each.

    Raises what the answerer, the tasks and `run` raise.
    """
    scores: list[Score] = []
    worst = _Worst()
    with ThreadPoolExecutor(_WORKERS) as pool:
        for number, case in enumerate(_finished(_answered(tasks, answerer, answers, encode, run, pool, told)), 1):
            scores.append(case.score)
            worst.add(number, case)
    languages = sorted({each.language for each in scores})
    return Measured(
        name=answerer.name,
        mode=answerer.mode,
        notes=answerer.notes,
        figures=figures(scores),
        by_language={name: figures([each for each in scores if each.language == name]) for name in languages},
        scores=tuple(scores),
        worst=worst.cases(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    """An answer whose programs are still to end: that of all of it, and that of its first line."""

    case: Case
    whole: Future[Outcome] | None = None
    line: Future[Outcome] | None = None


def _answered(
    tasks: Iterable[SetTask],
    answerer: Answerer,
    answers: Answers,
    encode: Encode | None,
    run: Run | None,
    pool: ThreadPoolExecutor,
    told: Callable[[int], None],
) -> Iterator[_Running]:
    for number, task in enumerate(tasks, 1):
        answer = answers.get(task, answerer)
        if answer is None:
            answer = answerer.answer(task)
            answers.put(task, answerer, answer)
        case = Case(task=task, text=answer.text, score=score(task, answer, encode))
        told(number)
        yield _started(case, run, pool)


def _started(case: Case, run: Run | None, pool: ThreadPoolExecutor) -> _Running:
    task = case.task
    program = program_of(task, case.text)
    if run is None or program is None:
        return _Running(case=case)
    whole = pool.submit(run, program)
    if not task.is_one_line:
        return _Running(case=case, whole=whole)
    line = program_of(task, first_line(task, case.text))
    if line is None or line == program:
        return _Running(case=case, whole=whole, line=whole)
    return _Running(case=case, whole=whole, line=pool.submit(run, line))


def _finished(running: Iterable[_Running]) -> Iterator[Case]:
    """Each with how its programs ended, in order; only so many are ever waited for."""
    waiting: deque[_Running] = deque()
    for each in running:
        waiting.append(each)
        if len(waiting) > _MOST_WAITING:
            yield _scored(waiting.popleft())
    while waiting:
        yield _scored(waiting.popleft())


def _scored(running: _Running) -> Case:
    case = running.case
    return replace(case, score=replace(case.score, end=_end(running.whole), end_first_line=_end(running.line)))


def _end(future: Future[Outcome] | None) -> End | None:
    return None if future is None else future.result().end


class _Worst:
    """The cases that are farthest from right, of all that were added; of those that are as far, the first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Case]] = []

    def add(self, number: int, case: Case) -> None:
        if case.score.exact:
            return
        heapq.heappush(self._heap, (-case.score.edit, -number, case))
        if len(self._heap) > _MOST_CASES:
            heapq.heappop(self._heap)

    def cases(self) -> tuple[Case, ...]:
        return tuple(case for _, _, case in sorted(self._heap, key=lambda entry: entry[:2], reverse=True))
