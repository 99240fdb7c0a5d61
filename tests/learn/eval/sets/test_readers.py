"""Files of published sets: which set one has, its tasks, and what is wrong with a bad one, by line and field."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import published_sets as sets
import pytest
from seekline.learn.errors import SetUnreadable
from seekline.learn.eval.sets.readers import Kind, kinds, read_tasks
from seekline.learn.eval.sets.task import SetTask, first_line, program_of, until_stop

COUNTS = {
    "HumanEval-SingleLineInfilling.jsonl.gz": ("single-line", 1033),
    "HumanEval-MultiLineInfilling.jsonl.gz": ("multi-line", 5815),
    "HumanEval-RandomSpanInfillingLight.jsonl.gz": ("random-span-light", 164),
}
ROWS: dict[Kind, list[dict[str, Any]]] = {
    "infilling": [sets.infilling(line) for line in (1, 2, 3)],
    "santacoder": [sets.santacoder("py"), sets.santacoder("java"), sets.santacoder("js")],
    "humaneval": [sets.humaneval(0), sets.humaneval(1)],
    "mbpp": sets.all_mbpp(),
    "ds-1000": [sets.ds_1000(0), sets.ds_1000(1, has_string_test=True)],
}


@pytest.mark.parametrize("name", COUNTS)
def test_the_published_files_are_read(name: str) -> None:
    path = sets.DATA / name
    if not path.exists():
        pytest.skip(f"needs {path}")
    tasks = list(read_tasks(path))
    assert ({task.benchmark for task in tasks}, len(tasks)) == ({COUNTS[name][0]}, COUNTS[name][1])


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("name", ["set.jsonl", "set.jsonl.gz"])
def test_the_set_is_told_by_its_fields(tmp_path: Path, kind: Kind, name: str) -> None:
    path = sets.write_lines(tmp_path / name, ROWS[kind])
    tasks = list(read_tasks(path))
    assert tasks
    assert tasks == list(read_tasks(path, kind))
    assert len({task.id for task in tasks}) == len(tasks)


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind != "santacoder"])
def test_a_solution_is_right_and_an_empty_answer_is_not(tmp_path: Path, kind: Kind) -> None:
    """By the program that tests it, which is our own here."""
    tasks = list(read_tasks(sets.write_lines(tmp_path / "set.jsonl", ROWS[kind])))
    for task in tasks:
        assert runs(task, task.solution)
        for stop in task.stops:
            assert runs(task, until_stop(task, f"{task.solution}{stop} 1 / 0"))
        assert not runs(task, "    pass\n" if task.suffix else "")


def runs(task: SetTask, answer: str) -> bool:
    program = program_of(task, answer)
    assert program is not None
    try:
        exec(compile(program, task.id, "exec"), {})
    except Exception:  # noqa: BLE001  (an answer may raise anything)
        return False
    return True


def test_infilling_has_both_sides(tmp_path: Path) -> None:
    (task,) = read_tasks(sets.write_lines(tmp_path / "set.jsonl", [sets.infilling(2)]))
    assert task.prefix + task.solution + task.suffix == "".join(sets.LINES)
    assert (task.benchmark, task.language, task.is_one_line, task.has_hole) == ("single-line", "python", True, True)
    assert first_line(task, "    x = 1\n    y = 2") == "    x = 1\n"
    assert first_line(task, "    x = 1") == "    x = 1\n"


def test_a_solution_of_two_lines_is_not_one_line(tmp_path: Path) -> None:
    row = sets.infilling(1, "MultiLineInfilling")
    row |= {"suffix": sets.LINES[3], "canonical_solution": sets.LINES[1] + sets.LINES[2]}
    (task,) = read_tasks(sets.write_lines(tmp_path / "set.jsonl", [row]))
    assert (task.benchmark, task.is_one_line) == ("multi-line", False)


def test_humaneval_is_asked_without_blanks_around(tmp_path: Path) -> None:
    (task,) = read_tasks(sets.write_lines(tmp_path / "set.jsonl", [sets.humaneval(3)]))
    assert task.prefix.startswith("def doubled")
    assert task.prefix.endswith('"""')
    assert task.solution.startswith("\n    return")
    assert until_stop(task, "\n    return 1\n\ndef other():\n") == "\n    return 1\n"
    assert not task.is_one_line


@pytest.mark.parametrize("row", [sets.mbpp, sets.sanitized])
def test_mbpp_has_three_examples_before_each_task(tmp_path: Path, row: Callable[[int], dict[str, Any]]) -> None:
    rows = [row(number) for number in (2, 3, 4, 6, 11, 12)]
    if row is sets.mbpp:
        path = sets.write_lines(tmp_path / "mbpp.jsonl", rows)
    else:
        path = tmp_path / "sanitized-mbpp.json"
        path.write_text(json.dumps(rows), "utf-8")
    tasks = list(read_tasks(path))
    assert [task.id for task in tasks] == ["MBPP/11", "MBPP/12"]
    for task in tasks:
        assert task.prefix.count("[BEGIN]") == 4
        assert task.prefix.count("[DONE]") == 3
        assert task.prefix.endswith("\n[BEGIN]")
        assert "def add(value):\n    return value + 2\n[DONE]\n" in task.prefix
        assert runs(task, task.solution)


@pytest.mark.parametrize("kind", kinds())
def test_a_missing_field_is_named_with_its_line(tmp_path: Path, kind: Kind) -> None:
    rows = ROWS[kind]
    optional = {"name", "tests", "test_setup_code", "challenge_test_list", "text"}
    for field in set(rows[-1]) - optional:
        bad = {name: value for name, value in rows[1].items() if name != field}
        path = sets.write_lines(tmp_path / "set.jsonl", [rows[0], "", bad, *rows[2:]])
        with pytest.raises(SetUnreadable, match=rf"set\.jsonl, line 3: the field `{field}` is missing"):
            list(read_tasks(path, kind))


@pytest.mark.parametrize("value", [None, 3, ["text"], {}, True])
def test_a_field_of_another_type_is_named(tmp_path: Path, value: object) -> None:
    path = sets.write_lines(tmp_path / "set.jsonl", [sets.infilling(1), {**sets.infilling(2), "suffix": value}])
    with pytest.raises(SetUnreadable, match=r"line 2: the field `suffix` is .*, not a text"):
        list(read_tasks(path))
    path = sets.write_lines(tmp_path / "set.jsonl", [*sets.all_mbpp(), {**sets.mbpp(13), "test_list": value}])
    if value != ["text"]:
        with pytest.raises(SetUnreadable, match=r"line 10: the field `test_list` is .*, not a list of texts"):
            list(read_tasks(path))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "has no tasks"),
        (["{"], "line 1 is not JSON"),
        (["[1]"], "line 1 is a list, not an object"),
        (["[" * 100_000], "line 1 is not JSON"),
        ([{"some": "thing"}], "line 1 has the fields some, which no known set has"),
        ([sets.infilling(1), sets.infilling(1)], "line 2: the task .* was at set.jsonl, line 1 already"),
        ([sets.infilling(1), sets.infilling(1, "MultiLineInfilling")], "line 2: this task is of another set"),
        ([sets.infilling(1, "Elsewhere")], "line 1: the field `task_id` .* names no set"),
        ([sets.santacoder("cobol")], "line 1: the field `language` is 'cobol'"),
        ([sets.mbpp(2), sets.mbpp(4), sets.mbpp(11)], "lacks the tasks 3"),
        ([sets.mbpp(number) for number in (2, 3, 4)], "has none of the tasks that are measured"),
        ([{**sets.mbpp(2), "task_id": "2"}], "line 1: the field `task_id` is a text, not a whole number"),
        ([{**sets.ds_1000(1), "code_context": ""}], "line 1: the field `code_context` has no `test_execution`"),
        ([{**sets.ds_1000(1), "metadata": {}}], "line 1, field `metadata`: the field `library` is missing"),
    ],
)
def test_what_is_no_set(tmp_path: Path, rows: list[dict[str, Any] | str], message: str) -> None:
    with pytest.raises(SetUnreadable, match=message):
        list(read_tasks(sets.write_lines(tmp_path / "set.jsonl", rows)))


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(SetUnreadable, match="cannot be read"):
        list(read_tasks(tmp_path / "nowhere.jsonl"))
    with pytest.raises(SetUnreadable, match="cannot be read"):
        list(read_tasks(tmp_path))
    whole = sets.write_lines(tmp_path / "set.jsonl.gz", [sets.infilling(n) for n in (1, 2)]).read_bytes()
    for content in (b"", b"plain text", whole[: len(whole) // 2], whole[:-3]):
        (tmp_path / "set.jsonl.gz").write_bytes(content)
        with pytest.raises(SetUnreadable, match=r"no whole gzip file|has no tasks"):
            list(read_tasks(tmp_path / "set.jsonl.gz"))
    (tmp_path / "latin.jsonl").write_bytes('{"prompt": "é"}\n'.encode("latin-1"))
    with pytest.raises(SetUnreadable, match="line 1 is not UTF-8"):
        list(read_tasks(tmp_path / "latin.jsonl"))
    (tmp_path / "set.json").write_text('{"task_id": 1}', "utf-8")
    with pytest.raises(SetUnreadable, match="is an object, not a list"):
        list(read_tasks(tmp_path / "set.json"))


def test_lines_are_read_one_at_a_time(tmp_path: Path) -> None:
    """What is wrong further on is met only there."""
    path = sets.write_lines(tmp_path / "set.jsonl", [sets.infilling(1), sets.infilling(2), "no JSON"])
    tasks = read_tasks(path)
    assert next(tasks).id.endswith("L1")
    assert next(tasks).id.endswith("L2")
    with pytest.raises(SetUnreadable, match="line 3"):
        next(tasks)
