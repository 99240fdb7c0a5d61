"""What becomes of a completion, told by what an editor does with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from observed_editor import URI, ObservedEditor


def became(outcome: str, accepted: int = 0) -> dict[str, Any]:
    return {"outcome": outcome, "accepted": accepted}


DOES: dict[str, tuple[Callable[[ObservedEditor], Any], dict[str, Any]]] = {
    "inserts all of it at once": (lambda it: it.insert("first + second"), became("accepted", 14)),
    "types a letter of it and inserts the rest": (
        lambda it: (it.type("f"), it.insert("irst + second")),
        became("accepted", 13),
    ),
    "inserts its first word": (lambda it: it.insert("first"), became("partly", 5)),
    "inserts it word by word": (
        lambda it: (it.insert("first"), it.insert(" + "), it.insert("second")),
        became("accepted", 14),
    ),
    "inserts a word and types the rest": (lambda it: (it.insert("first"), it.type(" + second")), became("accepted", 5)),
    "types all of it": (lambda it: it.type("first + second"), became("typed")),
    "types its start and leaves": (lambda it: it.type("fir"), became("typed")),
    "types its start, two keys at a time": (lambda it: (it.insert("fi"), it.insert("rs")), became("typed")),
    "types its start and then something else": (lambda it: it.type("fix"), became("rejected")),
    "types something else": (lambda it: it.type("x"), became("rejected")),
    "pastes something else": (lambda it: it.insert("fourth"), became("rejected")),
    "does nothing": (lambda it: None, became("rejected")),
    "takes the character before it away": (lambda it: it.backspace(), became("rejected")),
    "types along, takes it back and inserts all": (
        lambda it: (it.type("fi"), it.backspace(), it.backspace(), it.insert("first + second")),
        became("accepted", 14),
    ),
    "changes a line above and inserts it": (
        lambda it: (it.replace(0, 0, "import os\n"), it.go_behind("return "), it.insert("first + second")),
        became("accepted", 14),
    ),
    "replaces the word before it by more": (
        lambda it: it.replace(it.text.index("return "), 7, "return first + second"),
        became("accepted", 14),
    ),
    "replaces all of the document": (
        lambda it: it.replace(0, len(it.text), it.text.replace("return ", "return first + second")),
        became("accepted", 14),
    ),
    "inserts it and says so": (
        lambda it: (it.insert("first + second"), it.observer.accepted(it.id)),
        became("accepted", 14),
    ),
    "says so and inserts it": (
        lambda it: (it.observer.accepted(it.id), it.insert("first + second")),
        became("accepted", 14),
    ),
    "types a letter, says so and inserts the rest": (
        lambda it: (it.type("f"), it.observer.accepted(it.id), it.insert("irst + second")),
        became("accepted", 13),
    ),
    "says that it accepts a part, and inserts it": (
        lambda it: (it.observer.accepted(it.id, 8), it.insert("first + ")),
        became("partly", 8),
    ),
    "inserts a part that is no word, and says so": (
        lambda it: (it.insert("firs"), it.observer.accepted(it.id, 4)),
        became("partly", 4),
    ),
    "types a letter, inserts a word and says what is seen": (
        lambda it: (it.insert("f"), it.backspace(), it.insert("first"), it.observer.accepted(it.id, 5)),
        became("partly", 5),
    ),
    "says so and inserts something else": (
        lambda it: (it.observer.accepted(it.id), it.insert("other")),
        became("accepted", 14),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DOES)
def test_what_becomes_of_a_completion(name: str) -> None:
    does, expected = DOES[name]
    it = ObservedEditor("def add(first, second):\n    return ▮\n")
    it.is_shown("first + second")
    does(it)
    assert it.leave() == expected
    assert len(it.rows) == 1


def test_a_bracket_that_the_editor_closes_is_typed_along() -> None:
    it = ObservedEditor("print▮\n")
    it.is_shown("(first)")
    it.insert("()")
    assert it.leave() == became("typed")


@pytest.mark.parametrize("replaced", [(0, 0), (0, 1)])
def test_what_is_left_of_it_between_brackets_is_the_same_completion(replaced: tuple[int, int]) -> None:
    it = ObservedEditor("print▮\n")
    id = it.is_shown("(first)")
    it.insert("()")
    it.cursor -= 1
    assert it.is_shown("first)"[: 5 + replaced[1]], replaced=replaced) == id
    it.replace(it.cursor, replaced[1], "first)"[: 5 + replaced[1]])
    it.wait(30)
    assert it.kept == (5, None)
    assert it.leave() == became("accepted", 5)


@pytest.mark.parametrize("typed", ["f", "first", "first +"])
def test_typing_along_is_one_completion(typed: str) -> None:
    it = ObservedEditor("return ▮\n")
    id = it.is_shown("first + second")
    for number, key in enumerate(typed, 1):
        it.insert(key)
        assert it.is_shown("first + second"[number:]) == id
    it.insert("first + second"[len(typed) :])
    assert it.leave() == became("accepted", 14 - len(typed))
    assert len(it.rows) == 1


def test_another_completion_in_its_place_is_another_one() -> None:
    it = ObservedEditor("return ▮\n")
    first = it.is_shown("first")
    second = it.is_shown("second")
    assert first != second
    it.insert("second")
    assert it.leave() == became("accepted", 6)
    assert it.rows[first].outcome == "rejected"


def test_of_several_the_user_takes_one() -> None:
    it = ObservedEditor("return ▮\n")
    it.is_shown("first", "second", "third")
    it.insert("second")
    assert it.leave() == became("accepted", 6)
    assert len(it.rows) == 1


def test_a_menu_comes_late() -> None:
    it = ObservedEditor("return ▮\n")
    before, candidate = it.document.rope, it.candidate("first + second")
    it.type("fir")
    candidate.catch_up(before, it.document.rope)
    it.id = it.observer.offer([candidate], uri=URI, language="python", kind="menu")
    it.insert("st + second")
    assert it.leave() == became("accepted", 11)


def test_what_is_accepted_again_counts_once() -> None:
    it = ObservedEditor("return ▮\n")
    it.is_shown("first + second")
    for _ in range(3):
        it.insert("first")
        it.replace(it.cursor - 5, 5, "")
        it.cursor = it.text.index("return ") + 7
    it.insert("first")
    it.wait(30)
    assert it.kept == (5, None)
    assert it.leave() == became("partly", 5)


def test_what_gives_way_to_it_is_counted_with_neither() -> None:
    it = ObservedEditor("return fo▮)\n")
    it.is_shown("foo(bar))", replaced=(2, 1))
    it.replace(7, 3, "foo(bar))")
    assert it.leave() == became("accepted", len("o(bar)"))


def test_a_document_with_windows_line_ends() -> None:
    it = ObservedEditor("def f():\r\n    ▮\r\n")
    it.is_shown("one()\n    two()")
    it.insert("one()\r\n    two()")
    assert it.leave() == became("accepted", len("one()\r\n    two()"))


def test_units_of_utf_16_in_what_is_left_of_it() -> None:
    it = ObservedEditor("x = ▮\n")
    it.is_shown("'🙂🙂' + y")
    it.type("'")
    it.is_shown("🙂🙂' + y")
    it.observer.accepted(it.id, 5)
    it.insert("🙂🙂'")
    assert it.leave() == became("partly", 3)


def test_an_editor_that_tells_of_acceptances_is_believed() -> None:
    """All of the rest in one change could be two keys; once it has told of one, it would tell."""
    it = ObservedEditor("return ▮\n")
    it.is_shown("first")
    it.insert("first")
    it.observer.accepted(it.id)
    it.is_shown(" + ab")
    it.type(" + ")
    it.insert("ab")
    assert it.leave() == became("typed")


def test_an_editor_that_tells_what_it_shows_is_believed() -> None:
    it = ObservedEditor("return ▮\n")
    seen = it.is_shown("first")
    it.observer.shown(seen)
    unseen = it.is_shown("second")
    it.is_shown("third")
    it.observer.shown(it.id)
    assert it.leave() == became("rejected")
    assert seen in it.rows
    assert unseen not in it.rows


def test_a_look_at_another_document_ends_it() -> None:
    it = ObservedEditor("return ▮\n")
    it.is_shown("first")
    it.observer.focused(URI)
    assert it.rows == {}
    it.observer.focused("file:///other.py")
    assert it.rows[it.id].outcome == "rejected"


def test_unknown_ids_are_nobodys() -> None:
    it = ObservedEditor("return ▮\n")
    it.observer.accepted("no id")
    it.observer.accepted("no id", 3)
    it.observer.shown("no id")
    it.observer.closed("file:///never/opened.py")
    assert it.rows == {}


def test_memory_is_bounded() -> None:
    it = ObservedEditor("▮\n")
    for number in range(500):
        it.is_shown(f"word{number}")
        it.type("x\n")
    assert len(it.observer._over) <= 64
    assert sum(map(len, it.observer._followed.values())) <= 1
