"""One model, one set: every task answered and scored, programs run meanwhile where that was asked for."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from ..sandbox import End, Outcome
from .answering import Answer, Answerer
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
    waiting: deque[tuple[SetTask, Answer, Score, _Running]] = deque()

    def finish_one() -> None:
        task, answer, scored, running = waiting.popleft()
        scored = replace(scored, end=_end(running.whole), end_first_line=_end(running.line))
        scores.append(scored)
        worst.add(Case(task=task, text=answer.text, score=scored))

    with ThreadPoolExecutor(_WORKERS) as pool:
        for number, task in enumerate(tasks, 1):
            answer = answers.get(task, answerer)
            if answer is None:
                answer = answerer.answer(task)
                answers.put(task, answerer, answer)
            waiting.append((task, answer, score(task, answer, encode), _start(pool, run, task, answer.text)))
            while len(waiting) > _MOST_WAITING:
                finish_one()
            told(number)
        while waiting:
            finish_one()
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
    """The programs of one answer, and of its first line where the solution is one line."""

    whole: Future[Outcome] | None = None
    line: Future[Outcome] | None = None


def _start(pool: ThreadPoolExecutor, run: Run | None, task: SetTask, text: str) -> _Running:
    program = program_of(task, text)
    if run is None or program is None:
        return _Running()
    whole = pool.submit(run, program)
    if not task.is_one_line:
        return _Running(whole=whole)
    line = program_of(task, first_line(task, text))
    if line is None or line == program:
        return _Running(whole=whole, line=whole)
    return _Running(whole=whole, line=pool.submit(run, line))


def _end(future: Future[Outcome] | None) -> End | None:
    return None if future is None else future.result().end


class _Worst:
    """The cases that are farthest from right, of all that were added; the first come first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Case]] = []
        self._number = 0

    def add(self, case: Case) -> None:
        if case.score.exact:
            return
        self._number -= 1
        heapq.heappush(self._heap, (-case.score.edit, self._number, case))
        if len(self._heap) > _MOST_CASES:
            heapq.heappop(self._heap)

    def cases(self) -> tuple[Case, ...]:
        return tuple(case for _, _, case in sorted(self._heap, key=lambda entry: entry[:2], reverse=True))
