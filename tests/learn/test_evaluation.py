"""The measure itself: where it asks, how it scores, and what copying alone would answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from seekline.learn.corpus import read_files
from seekline.learn.corpus_file import CorpusFile
from seekline.learn.errors import CorpusTooSmall
from seekline.learn.evaluate import copied, evaluate
from seekline.learn.middles import HALF_WHOLE_LINES, draw_tasks, draw_tasks_in
from seekline.learn.similarity import edit_similarity
from seekline.model import embedded_folder


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("", "", 1.0), ("abc", "", 0.0), ("abc", "abc", 1.0), ("kitten", "sitting", 1 - 3 / 7), ("ab", "ba", 0.0)],
)
def test_edit_similarity(one: str, other: str, expected: float) -> None:
    assert edit_similarity(one, other) == pytest.approx(expected)
    assert edit_similarity(other, one) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("value = self.items\nother = self.", "items"),
        ("first(one)\nfirst(two)\nfirst(", "two)"),
        ("nothing like it ▮", ""),
        ("ab", ""),
    ],
)
def test_what_copying_answers(text: str, expected: str) -> None:
    assert copied(text, len(text)) == expected


def test_tasks_are_of_code(corpus: Path) -> None:
    files = read_files(corpus)
    tasks = draw_tasks(files, 60)
    assert tasks == draw_tasks(files, 60)
    assert [task.middle.kind for task in tasks[:2]] == ["start", "mid"]
    lines = set()
    for task in tasks:
        text = task.file.text
        start, end = text.rfind("\n", 0, task.middle.start) + 1, text.find("\n", task.middle.start)
        assert text[start:end].rstrip().endswith(task.answer)
        assert text[task.middle.start : task.middle.end] == task.answer
        assert not text[start:end].lstrip().startswith(("#", '"""'))
        lines.add((task.file.path, start))
    assert len(lines) == len(tasks)


def test_odd_files_have_no_tasks() -> None:
    good = "def answer(value):\n    return value + 42\n" * 30
    files = [
        CorpusFile(package="p", path="broken.py", text="def broken(:\n    'unclosed\n" * 30),
        CorpusFile(package="p", path="good.py", text=good),
    ]
    assert {task.file.path for task in draw_tasks(files, 20)} == {"good.py"}


GO = """/* Package garden
waters its beds.
*/
package garden

import "fmt"

// Water waters a bed.
func Water(bed Bed) error {
\tif bed.Dry() {
\t\treturn fmt.Errorf("%s is dry", bed.Name)
\t}
\tbed.Water(1)
\treturn nil
}
"""


def test_tasks_in_another_language() -> None:
    tasks = draw_tasks_in("go", [CorpusFile(package="p", path="a.go", text=GO)], 5)
    assert [task.middle.kind for task in tasks] == ["start", "mid", "start", "mid", "start"]
    lines = [GO[: task.middle.start].rpartition("\n")[2] + task.answer for task in tasks]
    code = GO.splitlines()[8:14]
    assert sorted(lines) == sorted({line for line in code if "}" not in line})
    for task, line in zip(tasks, lines, strict=True):
        typed = line.removesuffix(task.answer).strip()
        assert len(typed) >= 3 or task.middle.kind == "start"
    with pytest.raises(CorpusTooSmall, match="no line left"):
        draw_tasks_in("go", [CorpusFile(package="p", path="a.go", text=GO)], 6)


def test_half_of_the_places_are_whole_lines(corpus: Path) -> None:
    tasks = draw_tasks_in("python", read_files(corpus), 40, HALF_WHOLE_LINES)
    assert [task.middle.kind for task in tasks[:4]] == ["line", "symbol", "line", "mid"]
    for task in tasks:
        before = task.file.text[: task.middle.start].rpartition("\n")[2]
        assert (not before.strip()) == (task.middle.kind == "line")
        assert not task.answer[:1].isspace() or task.middle.kind == "mid"


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "value = 1\nother = 2\n"])
def test_more_tasks_than_lines_are_refused(text: str) -> None:
    with pytest.raises(CorpusTooSmall, match=r"no text|no line left"):
        draw_tasks([CorpusFile(package="p", path="small.py", text=text)], 3)


def test_the_shipped_model_is_measured(corpus: Path) -> None:
    folder = embedded_folder()
    figures = evaluate(folder, corpus, 4, lambda line: None)
    assert figures["positions"] == 4
    for way in ("psm", "psm_empty", "ltr", "copy", "copy_window"):
        assert set(figures[way]["all"]) == {"n", "exact_match", "edit_similarity", "first_token"}
    # It was trained on these very files, at 1.1 bits per byte on others.
    assert 0.5 < figures["bits_per_byte_ltr"] < 1.3
