"""Edits of completions that replace what stands around the cursor."""

from __future__ import annotations

from seekline.server.completion.completion import Completion
from seekline.server.documents.documents import OpenDocument, Surroundings
from seekline.server.lsp.edits import LineEdit, Selected, edit, edit_behind, from_column


def around(line: str) -> Surroundings:
    before, _, after = line.partition("▮")
    found = OpenDocument(before + after, language_id="python").around(0, len(before), "utf-32")
    assert found is not None
    return found


def completion(text: str, replaced: tuple[int, int] = (0, 0)) -> Completion:
    return Completion(text=text, source="engine", replaced=replaced)


def test_an_edit_replaces_what_the_completion_does() -> None:
    assert edit(completion("x)", (0, 1)), around("f(▮)")) == LineEdit(start=2, end=3, text="x)", typed="")
    assert edit(completion("Foo", (2, 0)), around("a fo▮")) == LineEdit(start=2, end=4, text="Foo", typed="fo")


def test_its_range_is_in_the_clients_units() -> None:
    here = around("'🙂', f(▮)")
    found = edit(completion("x)", (0, 1)), here).range(here, 7, "utf-16")
    assert [(place.line, place.character) for place in (found.start, found.end)] == [(7, 8), (7, 9)]


def test_a_menus_entry_begins_at_the_word() -> None:
    here = around("a = foo▮)")
    inserted = edit(completion("bar)", (0, 1)), here)
    assert from_column(inserted, 4, here) == LineEdit(start=4, end=8, text="foobar)", typed="foo")
    replacing = edit(completion("Foobar", (3, 0)), here)
    assert from_column(replacing, 6, here) == replacing, "it begins before that already"


def test_behind_a_selected_entry() -> None:
    here, menu = around("f(a▮)"), Selected(start=2, end=3, text="args")
    assert edit_behind(menu, completion(", b)", (0, 1)), here) == LineEdit(start=2, end=4, text="args, b)", typed="a")
    assert edit_behind(menu, completion("s2", (1, 0)), here) == LineEdit(start=2, end=3, text="args2", typed="a")
    assert edit_behind(menu, completion("ument", (1, 0)), here) is None, "it changes the entry"
    assert edit_behind(menu, completion("x", (9, 0)), here) is None
