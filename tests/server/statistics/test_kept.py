"""How much of what was accepted is kept."""

from __future__ import annotations

from observed_editor import URI, ObservedEditor


def test_what_is_kept() -> None:
    it = ObservedEditor("return ▮\n")
    it.is_shown("first + second")
    it.insert("first + second")
    assert it.kept == (None, None)
    it.replace(0, 0, "# a line above\n")
    it.replace(it.text.index("second"), 6, "other")
    it.wait(30)
    assert it.kept == (8, None)
    it.replace(it.text.index("first"), 20, "")
    it.wait(300)
    assert it.kept == (8, 0)
    it.observer.closed(URI)
    assert it.kept == (8, 0)


def test_the_time_counts_from_the_last_part() -> None:
    it = ObservedEditor("return ▮\n")
    it.is_shown("first + second")
    it.insert("first")
    it.wait(30)
    assert it.kept == (5, None)
    it.insert(" + second")
    assert it.kept == (None, None)
    assert [timer.seconds for timer in it.timers if not timer.is_cancelled] == [30, 300]
    it.wait(30)
    assert it.kept == (14, None)


def test_what_the_editor_told_of_first_is_followed_too() -> None:
    it = ObservedEditor("return ▮\n")
    it.is_shown("first")
    it.observer.accepted(it.id)
    it.insert("first")
    it.wait(30)
    assert it.kept == (5, None)


def test_of_a_closed_document_nobody_knows() -> None:
    it = ObservedEditor("return ▮\n")
    it.is_shown("first")
    it.insert("first")
    it.observer.closed(URI)
    it.wait(30)
    it.wait(300)
    assert it.kept == (None, None)


def test_what_was_inserted_otherwise_is_followed_nowhere() -> None:
    it = ObservedEditor("return ▮\n")
    it.is_shown("first")
    it.insert("(first)")
    it.observer.accepted(it.id)
    it.wait(30)
    assert it.leave() == {"outcome": "accepted", "accepted": 5}
    assert it.kept == (None, None)
