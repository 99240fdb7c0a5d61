"""The measure itself: where it asks, how it scores, and what copying alone would answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from seekline.learn.corpus import Document, read_documents
from seekline.learn.cursors import draw_cursors
from seekline.learn.evaluate import copied, edit_similarity, evaluate
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


def test_cursors_stand_in_code(corpus: Path) -> None:
    documents = read_documents(corpus)
    cursors = draw_cursors(documents, 60)
    assert cursors == draw_cursors(documents, 60)
    assert [cursor.stratum for cursor in cursors[:2]] == ["start", "mid"]
    lines = set()
    for cursor in cursors:
        text = cursor.document.text
        start, end = text.rfind("\n", 0, cursor.offset) + 1, text.find("\n", cursor.offset)
        assert text[start:end].rstrip().endswith(cursor.answer)
        assert text[cursor.offset : cursor.end] == cursor.answer
        assert not text[start:end].lstrip().startswith(("#", '"""'))
        lines.add((cursor.document.path, start))
    assert len(lines) == len(cursors)


def test_odd_files_have_no_cursors() -> None:
    good = "def answer(value):\n    return value + 42\n" * 30
    documents = [
        Document(package="p", path="broken.py", text="def broken(:\n    'unclosed\n" * 30),
        Document(package="p", path="good.py", text=good),
    ]
    assert {cursor.document.path for cursor in draw_cursors(documents, 20)} == {"good.py"}


def test_the_shipped_model_is_measured(corpus: Path) -> None:
    folder = embedded_folder()
    figures = evaluate(folder, corpus, 4, lambda line: None)
    assert figures["positions"] == 4
    for way in ("psm", "psm_empty", "ltr", "copy", "copy_window"):
        assert set(figures[way]["all"]) == {"n", "exact_match", "edit_similarity", "first_token"}
    # It was trained on these very files, at 1.1 bits per byte on others.
    assert 0.5 < figures["bits_per_byte_ltr"] < 1.3
