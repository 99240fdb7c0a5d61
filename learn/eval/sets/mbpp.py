"""MBPP with three examples before each task, as its authors and DeepSeek Coder's own evaluation ask it.

The examples are tasks 2, 3 and 4 of the same file, what is measured tasks 11 to 510 (Austin et al. 2021,
arXiv:2108.07732).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...errors import SetUnreadable
from .benchmarks import all_benchmarks
from .rows import Row, number_of, read_rows, text_of, texts_of
from .task import Program, SetTask

_EXAMPLES = (2, 3, 4)
_MEASURED = range(11, 511)


def mbpp_tasks(path: Path, rows: Iterator[Row]) -> Iterator[tuple[Row, SetTask]]:
    """The measured tasks of `rows`, each with its row. Raises `SetUnreadable`, also where the examples are missing."""
    examples = _examples(path)
    for row in rows:
        number = number_of(row, "task_id")
        if number in _MEASURED:
            yield row, _task(row, number, examples)


def _examples(path: Path) -> str:
    found: dict[int, str] = {}
    for row in read_rows(path):
        number = number_of(row, "task_id")
        if number in _EXAMPLES:
            code = text_of(row, "code").replace("\r", "").replace("\t", "    ")
            found[number] = f"{_asked(row)}\n{code}\n[DONE]\n"
        if len(found) == len(_EXAMPLES):
            return "".join(found[number] for number in _EXAMPLES)
    missing = ", ".join(str(number) for number in _EXAMPLES if number not in found)
    raise SetUnreadable(
        f"{path.name} lacks the tasks {missing}, which are the examples before each task.",
        "Give the whole mbpp.jsonl or sanitized-mbpp.json.",
    )


def _asked(row: Row) -> str:
    """The prompt that the set's authors publish, up to where the code begins."""
    tests = "\n".join(texts_of(row, "test_list"))
    return (
        f"You are an expert Python programmer, and here is your task: {_description(row)} "
        f"Your code should pass these tests:\n\n{tests}\n[BEGIN]"
    )


def _description(row: Row) -> str:
    """`text` of all tasks, `prompt` of the sanitized ones."""
    return text_of(row, "prompt" if "text" not in row.values and "prompt" in row.values else "text")


def _task(row: Row, number: int, examples: str) -> SetTask:
    before = text_of(row, "test_setup_code") if "test_setup_code" in row.values else ""
    imports = texts_of(row, "test_imports") if "test_imports" in row.values else []
    tests = [before, *imports, *texts_of(row, "test_list")]
    return SetTask(
        id=f"MBPP/{number}",
        benchmark="mbpp",
        language="python",
        prefix=examples + _asked(row),
        suffix="",
        solution=f"\n{text_of(row, 'code')}\n",
        stops=all_benchmarks()["mbpp"].stops,
        program=Program(before="", after="\n" + "\n".join(tests) + "\n"),
    )
