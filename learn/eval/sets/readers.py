"""From a set's rows to tasks. Which set a file has is told by the fields of its first row.

Formats: openai/human-eval-infilling, openai/human-eval, google-research `mbpp` (all tasks, or the sanitized ones),
xlang-ai/DS-1000 (simplified), and SantaCoder's single-line infilling, which DeepSeek Coder's papers measure with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Literal, get_args

from ...errors import SetUnreadable
from .benchmarks import all_benchmarks
from .mbpp import mbpp_tasks
from .rows import Row, object_of, read_rows, text_of
from .task import Program, SetTask

Kind = Literal["infilling", "santacoder", "humaneval", "mbpp", "ds-1000"]
_INFILLING = {
    "SingleLineInfilling": "single-line",
    "MultiLineInfilling": "multi-line",
    "RandomSpanInfilling": "random-span",
    "RandomSpanInfillingLight": "random-span-light",
}
# The first whose fields a row has all of.
_FIELDS: dict[Kind, frozenset[str]] = {
    "ds-1000": frozenset({"prompt", "reference_code", "code_context", "metadata"}),
    "infilling": frozenset({"task_id", "prompt", "suffix", "canonical_solution", "test", "entry_point"}),
    "santacoder": frozenset({"prompt", "suffix", "canonical_solution", "language"}),
    "humaneval": frozenset({"task_id", "prompt", "canonical_solution", "test", "entry_point"}),
    "mbpp": frozenset({"task_id", "code", "test_list"}),
}
_LANGUAGES = {"py": "python", "js": "javascript", "java": "java"}


def kinds() -> tuple[Kind, ...]:
    """Those that a user can name."""
    return get_args(Kind)


def read_tasks(path: Path, kind: Kind | None = None) -> Iterator[SetTask]:
    """The tasks of a file, in its order. None of `kind`: by the fields of the first row.

    Raises `SetUnreadable` for a file that is no set, without tasks, with a bad line, or with a task twice.
    """
    rows = read_rows(path)
    first = next(rows, None)
    if first is None:
        raise SetUnreadable(f"{path.name} has no tasks.", "Give a file of a set.")
    kind = kind or _kind_of(first)
    seen: dict[str, str] = {}
    benchmark: str | None = None
    for row, task in _tasks_of(kind, path, chain([first], rows)):
        benchmark = benchmark or task.benchmark
        if task.benchmark != benchmark:
            raise SetUnreadable(f"{row.where}: this task is of another set than those before.", "Give one set a file.")
        if task.id in seen:
            raise SetUnreadable(f"{row.where}: the task {task.id} was at {seen[task.id]} already.", "Take one out.")
        seen[task.id] = row.where
        yield task
    if not seen:
        raise SetUnreadable(f"{path.name} has none of the tasks that are measured.", "Give the whole set.")


def _kind_of(row: Row) -> Kind:
    for kind, fields in _FIELDS.items():
        if fields <= row.values.keys():
            return kind
    raise SetUnreadable(
        f"{row.where} has the fields {', '.join(sorted(row.values)) or 'none'}, which no known set has.",
        f"Name the kind, one of {', '.join(kinds())}, to be told which field is missing.",
    )


def _tasks_of(kind: Kind, path: Path, rows: Iterator[Row]) -> Iterator[tuple[Row, SetTask]]:
    if kind == "mbpp":
        return mbpp_tasks(path, rows)
    read: dict[str, Callable[[Row], SetTask]] = {
        "infilling": _infilling,
        "santacoder": _santacoder,
        "humaneval": _humaneval,
        "ds-1000": _ds_1000,
    }
    return ((row, read[kind](row)) for row in rows)


def _infilling(row: Row) -> SetTask:
    id = text_of(row, "task_id")
    benchmark = _INFILLING.get(id.partition("/")[0])
    if benchmark is None:
        raise SetUnreadable(
            f"{row.where}: the field `task_id` is {id[:80]!r}, which names no set of HumanEval-Infilling.",
            f"It starts with one of {', '.join(_INFILLING)}.",
        )
    prefix, suffix = text_of(row, "prompt"), text_of(row, "suffix")
    return SetTask(
        id=id,
        benchmark=benchmark,
        language="python",
        prefix=prefix,
        suffix=suffix,
        solution=text_of(row, "canonical_solution"),
        program=Program(before=prefix, after=suffix + _checks(row)),
    )


def _santacoder(row: Row) -> SetTask:
    """The tests of its three languages are not run: the papers compare texts."""
    name = text_of(row, "language")
    if name not in _LANGUAGES:
        raise SetUnreadable(
            f"{row.where}: the field `language` is {name[:80]!r}.", f"It is one of {', '.join(_LANGUAGES)}."
        )
    return SetTask(
        # Its names are those of the functions, each of which has several lines masked.
        id=row.where.rpartition(", ")[2],
        benchmark="single-line-santacoder",
        language=_LANGUAGES[name],
        prefix=text_of(row, "prompt"),
        suffix=text_of(row, "suffix"),
        solution=text_of(row, "canonical_solution"),
    )


def _humaneval(row: Row) -> SetTask:
    prompt = text_of(row, "prompt")
    prefix = prompt.strip()
    blanks = prompt[len(prompt.rstrip()) :]
    return SetTask(
        id=text_of(row, "task_id"),
        benchmark="humaneval",
        language="python",
        prefix=prefix,
        suffix="",
        solution=blanks + text_of(row, "canonical_solution"),
        stops=all_benchmarks()["humaneval"].stops,
        program=Program(before=prefix, after=_checks(row)),
    )


def _checks(row: Row) -> str:
    return f"\n{text_of(row, 'test')}\ncheck({text_of(row, 'entry_point')})\n"


def _ds_1000(row: Row) -> SetTask:
    """`code_context` has `test_execution`, and for some tasks `test_string`, which are given the answer as a string."""
    metadata = object_of(row, "metadata")
    context = text_of(row, "code_context")
    if "def test_execution(" not in context:
        raise SetUnreadable(
            f"{row.where}: the field `code_context` has no `test_execution`.", "Give the simplified format of 2024."
        )
    tests = "test_execution(code)\n" + ("test_string(code)\n" if "def test_string(" in context else "")
    number = metadata.values.get("problem_id", row.where.rpartition(" ")[2])
    return SetTask(
        id=f"{text_of(metadata, 'library')}/{number}",
        benchmark="ds-1000",
        language="python",
        prefix=text_of(row, "prompt"),
        suffix="",
        solution=text_of(row, "reference_code"),
        stops=all_benchmarks()["ds-1000"].stops,
        program=Program(before=f"{context}\ncode = ", after=f"\n{tests}", is_quoted=True),
    )
