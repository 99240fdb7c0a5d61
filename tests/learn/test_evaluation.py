"""The measure itself: where it asks, how it scores, and what copying alone would answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from seekline.learn.corpus import CorpusFile, read_files
from seekline.learn.errors import CorpusTooSmall
from seekline.learn.evaluate import copied, edit_similarity, evaluate
from seekline.learn.middles import draw_tasks
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
