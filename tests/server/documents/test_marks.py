"""Marks against a plain list of characters, each of which knows whether it is marked."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seekline.server.documents.edits import Edit, common_prefix
from seekline.server.documents.marks import Mark
from seekline.server.documents.rope import rope_of


def edit(text: str, start: int, removed: int, inserted: str) -> Edit:
    return Edit(before=rope_of(text), start=start, removed=removed, text=inserted)


@pytest.mark.parametrize(
    ("start", "removed", "inserted", "kept"),
    [
        (0, 0, "before", 6),
        (0, 3, "", 6),
        (3, 0, "at its start", 6),
        (9, 0, "at its end", 6),
        (9, 3, "", 6),
        (5, 0, "inside", 6),
        (5, 2, "", 4),
        (5, 2, "other", 4),
        (1, 4, "", 4),
        (7, 5, "x", 4),
        (0, 12, "", 0),
        (3, 6, "ABCDEF", 0),
    ],
)
def test_what_still_stands(start: int, removed: int, inserted: str, kept: int) -> None:
    mark = Mark()
    mark.add(3, 6)
    mark.follow(edit("012abcdef345", start, removed, inserted).trimmed())
    assert mark.characters == kept


def test_many_edits_are_those_of_a_plain_list() -> None:
    for seed in range(400):
        chance = random.Random(seed)
        text = "".join(chance.choices("ab\n", k=30))
        first = chance.randrange(30)
        last = chance.randrange(first, 31)
        mark = Mark()
        mark.add(first, last - first)
        marked = [first <= number < last for number in range(30)]
        for _ in range(12):
            start = chance.randrange(len(text) + 1)
            removed = chance.randrange(min(6, len(text) - start) + 1)
            inserted = "".join(chance.choices("ab\n", k=chance.choice([0, 1, 5])))
            mark.follow(edit(text, start, removed, inserted))
            text = text[:start] + inserted + text[start + removed :]
            marked[start : start + removed] = [False] * len(inserted)
            assert mark.characters == sum(marked)
            assert {place for part in mark._parts for place in range(*part)} == {
                place for place, is_marked in enumerate(marked) if is_marked
            }


def test_a_text_that_is_replaced_whole_keeps_what_is_the_same() -> None:
    text = "def f():\n    return 1\n"
    mark = Mark()
    mark.add(9, 12)  # the second line
    mark.follow(edit(text, 0, len(text), "import os\n\n" + text).trimmed())
    assert mark.characters == 12


@given(st.text("ab", max_size=30), st.text("ab", max_size=30))
def test_trimming_changes_no_result(old: str, new: str) -> None:
    trimmed = edit(f"-{old}-", 1, len(old), new).trimmed()
    text = f"-{old}-"
    assert text[: trimmed.start] + trimmed.text + text[trimmed.start + trimmed.removed :] == f"-{new}-"
    removed = text[trimmed.start : trimmed.start + trimmed.removed]
    assert not removed or not trimmed.text or (removed[0] != trimmed.text[0] and removed[-1] != trimmed.text[-1])


@given(st.text("ab", max_size=20), st.text("ab", max_size=20))
def test_common_prefix(first: str, second: str) -> None:
    length = common_prefix(first, second)
    assert first[:length] == second[:length]
    assert first[length : length + 1] != second[length : length + 1] or length == len(first) == len(second)
