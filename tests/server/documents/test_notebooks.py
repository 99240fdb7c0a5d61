"""Cells of a notebook: each sees those around it, in whatever order they come, move and go."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from seekline.server.documents.documents import Change
from seekline.server.documents.edits import Edit
from seekline.server.documents.notebooks import Notebooks
from seekline.server.documents.open_documents import OpenDocuments

NOTEBOOK = "file:///a/b.ipynb"


class Follower:
    """Remembers the edits that it was told of."""

    def __init__(self) -> None:
        self.edits: list[Edit] = []

    def changed(self, uri: str, edits: Sequence[Edit]) -> None:
        self.edits += edits

    def closed(self, uri: str) -> None:
        """Nothing is followed beyond this."""


def opened(*cells: tuple[str, str], follower: Follower | None = None) -> OpenDocuments:
    documents = OpenDocuments("utf-16", follower or Follower())
    for number, (language, text) in enumerate(cells):
        documents.open(f"cell:{number}", text, language, 1)
    documents.notebooks.open(NOTEBOOK, [f"cell:{number}" for number in range(len(cells))])
    return documents


def seen(documents: OpenDocuments, cell: int, line: int = 0, units: int = 0) -> tuple[str, str, str, str]:
    """The text above the cursor's line, the line before and behind it, and the text below."""
    around = documents.around(f"cell:{cell}", line, units)
    assert around is not None
    lines = around.lines()
    assert lines[around.line : around.line + 1] == () or lines[around.line].startswith(around.before + around.after)
    return "".join(lines[: around.line]), around.before, around.after, "".join(lines[around.line + 1 :])


def test_a_cell_sees_the_ones_around_it() -> None:
    documents = opened(("python", "import os\n"), ("python", "x = 1\ny = 2"), ("python", "print(x)"))
    assert seen(documents, 1, 1, 4) == ("import os\n\n\nx = 1\n", "y = ", "2", "\nprint(x)\n\n")
    assert seen(documents, 0) == ("", "", "import os", "\n\nx = 1\ny = 2\n\nprint(x)\n\n")
    assert seen(documents, 2, 0, 6) == ("import os\n\n\nx = 1\ny = 2\n\n", "print(", "x)", "")


def test_cells_of_other_languages_and_blank_ones_are_passed_over() -> None:
    documents = opened(
        ("markdown", "# Title"), ("python", "import os"), ("python", " \n"), ("sql", "select 1"), ("python", "os.")
    )
    assert seen(documents, 4, 0, 3) == ("import os\n\n", "os.", "", "")
    assert seen(documents, 0) == ("", "", "# Title", "")


def test_an_empty_cell_between_others() -> None:
    documents = opened(("python", "a = 1"), ("python", ""), ("python", "b = 2"))
    assert seen(documents, 1) == ("a = 1\n\n", "", "", "\nb = 2\n\n")


def test_a_line_is_one_of_the_cell_and_not_of_the_next() -> None:
    documents = opened(("python", "a = 1"), ("python", "b = 2"))
    assert documents.around("cell:0", 1, 0) is None
    assert seen(documents, 1, -1, 5)[1:3] == ("", "b = 2")
    assert seen(documents, 0, 0, 99)[1:3] == ("a = 1", "")


def test_a_cell_that_ends_with_a_carriage_return() -> None:
    documents = opened(("python", "a = 1\r"), ("python", "\nb = 2"))
    assert seen(documents, 1, 1, 3) == ("a = 1\r\n\n\n", "b =", " 2", "")


def test_a_change_of_a_cell_above_is_another_place() -> None:
    documents = opened(("python", "a = 1"), ("python", "b = "))
    before = documents.around("cell:1", 0, 4)
    documents.change("cell:0", 2, [Change(text="2", start=(0, 4), end=(0, 5))])
    after = documents.around("cell:1", 0, 4)
    assert before is not None
    assert after is not None
    assert before.text.hash_before != after.text.hash_before


def test_an_edit_of_a_cell_is_told_as_one_of_the_notebook() -> None:
    follower = Follower()
    documents = opened(("python", "a = 1"), ("python", "b = 2"), ("python", "c = 3"), follower=follower)
    changes = [Change(text="12", start=(0, 4), end=(0, 5)), Change(text="# ", start=(0, 0), end=(0, 0))]
    documents.change("cell:1", 2, changes)
    text = "a = 1\n\nb = 2\n\nc = 3\n\n"
    for edit in follower.edits:
        assert "".join(edit.before.lines) == text
        text = text[: edit.start] + edit.text + text[edit.start + edit.removed :]
    assert text == "a = 1\n\n# b = 12\n\nc = 3\n\n" == "".join(documents.rope("cell:1").lines)


def test_far_cells_of_a_large_notebook_are_left_out() -> None:
    large = "x = 1\n" * 20_000
    documents = opened(("python", "far = 1"), ("python", large), ("python", large), ("python", "near ="))
    above = seen(documents, 3, 0, 6)[0]
    assert "far" not in above
    assert len(above) == len(large) + 2


def test_a_cell_of_no_notebook_stands_alone() -> None:
    documents = opened(("python", "a = 1"))
    documents.open("cell:alone", "b = 2", "python", 1)
    around = documents.around("cell:alone", 0, 0)
    assert around is not None
    assert around.lines() == ("b = 2",)


edits = st.tuples(st.integers(-1, 7), st.integers(-1, 4), st.lists(st.integers(0, 9), max_size=3, unique=True))


@given(st.lists(edits, max_size=12))
@settings(max_examples=300)
def test_cells_inserted_moved_and_deleted_in_any_order(steps: list[tuple[int, int, list[int]]]) -> None:
    """The client's list of cells is Python's own; what is moved is taken out and put in again."""
    notebooks, client = Notebooks(), ["cell:0", "cell:1"]
    notebooks.open(NOTEBOOK, client)
    for start, count, numbers in steps:
        added = [f"cell:{number}" for number in numbers]
        at = max(0, start)
        client[at : at + max(0, count)] = []
        notebooks.splice(NOTEBOOK, start, count, [])
        for cell in added:
            if cell in client:
                notebooks.splice(NOTEBOOK, client.index(cell), 1, [])
                client.remove(cell)
        client[at:at] = added
        notebooks.splice(NOTEBOOK, at, 0, added)
        assert list(notebooks.cells(NOTEBOOK)) == client
        for place, cell in enumerate(client):
            assert notebooks.around(cell) == (tuple(client[:place]), tuple(client[place + 1 :]))
        assert [cell for cell in map("cell:{}".format, range(10)) if notebooks.has_cell(cell)] == sorted(client)
    notebooks.close(NOTEBOOK)
    assert not notebooks._notebooks
