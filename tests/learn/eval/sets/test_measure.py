"""Scores by both conventions, controls, what follows from the seed, and answers that a second run goes on from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import published_sets as sets
import pytest
from seekline.learn.errors import AnswersUnreadable, NoSandbox
from seekline.learn.eval.sandbox import Outcome, Sandbox, find_sandbox, run
from seekline.learn.eval.sets.answering import Answer, Oracle, Shuffled
from seekline.learn.eval.sets.answers import Answers
from seekline.learn.eval.sets.measure import Measured, draw, measure
from seekline.learn.eval.sets.readers import read_tasks
from seekline.learn.eval.sets.scores import score
from seekline.learn.eval.sets.task import SetTask


class Fixed:
    """Answers all tasks alike, and counts how often it is asked."""

    mode = identity = "fixed"
    notes = ()

    def __init__(self, text: str, name: str = "fixed", stops_after: int | None = None) -> None:
        self.name = name
        self.text = text
        self.asked = 0
        self.stops_after = stops_after

    def answer(self, task: SetTask) -> Answer:
        if self.asked == self.stops_after:
            raise KeyboardInterrupt
        self.asked += 1
        return Answer(text=self.text)


@pytest.fixture
def tasks(tmp_path: Path) -> list[SetTask]:
    return list(read_tasks(sets.write_lines(tmp_path / "set.jsonl", [sets.infilling(n) for n in (1, 2, 3)])))


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    try:
        return find_sandbox()
    except NoSandbox as error:
        pytest.skip(error.problem)


def measured(tasks: list[SetTask], answerer: Fixed | Oracle | Shuffled, sandbox: Sandbox | None = None) -> Measured:
    with Answers(None) as answers:
        return measure(
            tasks,
            answerer,
            answers,
            encode=lambda text: [ord(character) for character in text],
            run=None if sandbox is None else lambda program: run(sandbox, program),
        )


@pytest.mark.parametrize(
    ("text", "exact", "exact_first_line", "first_token"),
    [
        ("    result += number\n", True, True, True),
        ("result += number", True, True, True),
        ("    result += number\n    return result\n", False, True, True),
        ("\n    result += number\n", True, False, True),
        ("    result = number\n", False, False, True),
        ("    number\n", False, False, False),
        ("", False, False, False),
    ],
)
def test_both_conventions(
    tasks: list[SetTask], text: str, exact: bool, exact_first_line: bool, first_token: bool
) -> None:
    found = score(tasks[1], Answer(text=text), lambda text: [ord(character) for character in text])
    assert (found.exact, found.exact_first_line, found.first_token) == (exact, exact_first_line, first_token)
    assert (found.edit == 1) == exact
    assert (found.edit_first_line == 1) == exact_first_line


def test_several_lines_have_no_first_line(tasks: list[SetTask]) -> None:
    task = replace(tasks[1], solution="    one\n    two\n")
    found = score(task, Answer(text="    one\n"), None)
    assert (found.exact_first_line, found.edit_first_line, found.first_token) == (None, None, None)


@pytest.mark.parametrize("kind", ["infilling", "humaneval", "mbpp", "ds-1000"])
def test_controls_when_programs_are_run(tmp_path: Path, sandbox: Sandbox, kind: str) -> None:
    rows = {
        "infilling": [sets.infilling(n) for n in (1, 2, 3)],
        "humaneval": [sets.humaneval(1)],
        "mbpp": sets.all_mbpp(),
        "ds-1000": [sets.ds_1000(1, has_string_test=True)],
    }
    tasks = list(read_tasks(sets.write_lines(tmp_path / "set.jsonl", rows[kind])))
    right = measured(tasks, Oracle(), sandbox).figures
    assert (right.exact, right.edit, right.pass_at_1) == (1, 1, 1)
    assert right.ends == {"passed": len(tasks)}
    if len(tasks) > 1:
        wrong = measured(tasks, Shuffled(tasks, seed=0), sandbox).figures
        assert (wrong.exact, wrong.pass_at_1) == (0, 0)


def test_a_first_line_is_run_by_itself(tasks: list[SetTask], sandbox: Sandbox) -> None:
    found = measured([tasks[1]], Fixed("    result += number\n    result = 0\n"), sandbox).figures
    assert (found.pass_at_1, found.pass_at_1_first_line) == (0, 1)
    assert measured([tasks[1]], Fixed("")).figures.pass_at_1 is None


def test_an_answer_that_is_its_first_line_is_run_once(tasks: list[SetTask]) -> None:
    seen: list[str] = []

    def count(program: str) -> Outcome:
        seen.append(program)
        return Outcome(end="passed")

    with Answers(None) as answers:
        measure(tasks, Oracle(), answers, encode=None, run=count)
    assert len(seen) == len(tasks)


def test_the_worst_come_first_and_what_is_right_not_at_all(tasks: list[SetTask]) -> None:
    worst = measured(tasks, Fixed(tasks[1].solution)).worst
    assert [case.task.id[-2:] for case in worst] == ["L3", "L1"]
    assert measured(tasks, Oracle()).worst == ()


def test_what_is_drawn_follows_from_the_seed(tasks: list[SetTask]) -> None:
    many = [replace(tasks[0], id=str(number)) for number in range(100)]
    drawn = [[task.id for task in draw(many, 10, seed)] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert [int(id) for id in drawn[0]] == sorted(map(int, drawn[0]))
    assert list(draw(many, None, 1)) == list(draw(many, 100, 1)) == list(draw(many, 1000, 1)) == many


def test_each_language_has_figures_of_its_own(tmp_path: Path) -> None:
    path = sets.write_lines(tmp_path / "set.jsonl", [sets.santacoder(name) for name in ("py", "java", "java")])
    found = measured(list(read_tasks(path)), Oracle())
    assert {name: figures.tasks for name, figures in found.by_language.items()} == {"java": 2, "python": 1}
    assert found.figures.pass_at_1 is None


def test_a_second_run_goes_on(tasks: list[SetTask], tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with Answers(path) as answers, pytest.raises(KeyboardInterrupt):
        measure(tasks, Fixed("x", stops_after=2), answers, encode=None, run=None)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"key": "cut sh')
    second = Fixed("x")
    with Answers(path) as answers:
        first = measure(tasks, second, answers, encode=None, run=None)
    assert second.asked == 1
    third = Fixed("x")
    with Answers(path) as answers:
        assert measure(tasks, third, answers, encode=None, run=None) == first
    assert third.asked == 0
    assert len(path.read_text("utf-8").splitlines()) == 3


def test_what_was_asked_otherwise_is_asked_again(tasks: list[SetTask], tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with Answers(path) as answers:
        measure(tasks, Fixed("x"), answers, encode=None, run=None)
        answers_of_others = [Fixed("x", name="other"), Fixed("x")]
        answers_of_others[1].identity = "with an adapter"
    for other in answers_of_others:
        with Answers(path) as answers:
            measure(tasks, other, answers, encode=None, run=None)
        assert other.asked == len(tasks)
    changed = [replace(task, suffix=task.suffix + "\n") for task in tasks]
    again = Fixed("x")
    with Answers(path) as answers:
        measure(changed, again, answers, encode=None, run=None)
    assert again.asked == len(tasks)


@pytest.mark.parametrize("end", [1, 9, 20, 42, 60, -1])
def test_a_first_line_that_was_cut_short_is_asked_again(tasks: list[SetTask], tmp_path: Path, end: int) -> None:
    path = tmp_path / "answers.jsonl"
    with Answers(path) as answers:
        measure(tasks[:1], Fixed("x"), answers, encode=None, run=None)
    whole = path.read_bytes()
    path.write_bytes(whole[:end])
    with Answers(path) as answers:
        measure(tasks[:1], Fixed("x"), answers, encode=None, run=None)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("text", ["no JSON", " ", "{}", '{"models": []}', '{"key": "value"}', '{\n  "models": []\n}'])
def test_a_file_of_something_else_without_a_newline_is_left_alone(tmp_path: Path, text: str) -> None:
    """As `seekline eval --json` writes one."""
    path = tmp_path / "figures.json"
    path.write_text(text, "utf-8")
    with pytest.raises(AnswersUnreadable, match="line 1 is no answer"):
        Answers(path)
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize("line", ["no JSON", "[]", "{}", json.dumps({"key": 1, "text": "x"}), "[" * 100_000])
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, line: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(f"{line}\n", "utf-8")
    with pytest.raises(AnswersUnreadable, match="line 1 is no answer"):
        Answers(path)
    assert path.read_text("utf-8") == f"{line}\n"
    with pytest.raises(AnswersUnreadable, match="cannot be"):
        Answers(tmp_path)
