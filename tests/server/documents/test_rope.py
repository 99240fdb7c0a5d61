"""Documents in small pieces, against plain strings; and that what a key costs does not grow with the text."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seekline import fim
from seekline.server.documents import rope
from seekline.server.documents.documents import (
    MAX_CHARACTERS,
    MAX_LINE_CHARACTERS,
    MAX_LINES,
    Change,
    OpenDocument,
    TooLarge,
)
from seekline.server.documents.positions import Encoding, to_column
from seekline.server.documents.rope import rope_of

ENCODINGS: list[Encoding] = ["utf-8", "utf-16", "utf-32"]
ALPHABET = ["a", "b", " ", "\n", "\r", "\r\n", "\u2028", "é", "日", "🙂", "\u0301", "\ud800"]


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rope, "PIECE_CHARACTERS", 4)
    monkeypatch.setattr(rope, "_SMALL", 1)


def offset_of(text: str, place: tuple[int, int], encoding: Encoding) -> int:
    lines = fim.split_lines(text)
    line, units = place
    if line >= len(lines):
        return len(text)
    return sum(map(len, lines[:line])) + to_column(lines[line].rstrip("\r\n"), units, encoding)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_edits_and_look_ups_are_those_of_a_plain_string(encoding: Encoding) -> None:
    for seed in range(400):
        chance = random.Random(seed)
        text = "".join(chance.choices(ALPHABET, k=chance.randrange(40)))
        document = OpenDocument(text, language_id="python")
        for _ in range(12):
            start, end = ((chance.randrange(12), chance.randrange(12)) for _ in range(2))
            inserted = "".join(chance.choices(ALPHABET, k=chance.choice([0, 1, 2, 12])))
            first, last = sorted((offset_of(text, start, encoding), offset_of(text, end, encoding)))
            text = text[:first] + inserted + text[last:]
            document.apply(Change(text=inserted, start=start, end=end), encoding)
            assert "".join(piece.text for piece in document._rope.pieces) == text
            assert list(document.lines) == fim.split_lines(text)
            assert all(piece.text for piece in document._rope.pieces)
            check_around(document, text, (chance.randrange(8), chance.randrange(12)), encoding)


def check_around(document: OpenDocument, text: str, place: tuple[int, int], encoding: Encoding) -> None:
    around = document.around(*place, encoding)
    lines = fim.split_lines(text)
    has_line = place[0] < len(lines) + (not lines or lines[-1].endswith(("\r", "\n")))
    assert (around is not None) == has_line
    if around is not None:
        at = offset_of(text, place, encoding)
        line = lines[place[0]].rstrip("\r\n") if place[0] < len(lines) else ""
        assert around.before + around.after == line
        assert text[:at].endswith(around.before)
        assert text[at:].startswith(around.after)
        assert around.is_first_text == (not "".join(lines[: place[0]]).strip())


@pytest.mark.usefixtures("small_pieces")
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.text("a\r\n🙂"))),
    st.sampled_from(ENCODINGS),
)
def test_no_edits_break_the_pieces(edits: list[tuple[int, int, int, int, str]], encoding: Encoding) -> None:
    made = rope_of("")
    for line, units, end_line, end_units, text in edits:
        made = made.replaced(made.place(line, units, encoding), made.place(end_line, end_units, encoding), text)
    texts = [piece.text for piece in made.pieces]
    assert list(made.lines) == fim.split_lines("".join(texts))
    assert sum(map(len, texts)) == made.characters
    for one, following in pairwise(texts):
        assert not (one.endswith("\r") and following.startswith("\n"))


def test_pieces_stay_few_while_someone_types_in_the_middle() -> None:
    made = rope_of("a" * 20_000)
    for _ in range(5000):
        here = made.place(0, 9000, "utf-16")
        made = made.replaced(here, here, "x")
    assert made.characters == 25_000
    assert len(made.pieces) <= 8


def test_the_same_text_is_the_same_place_after_there_and_back() -> None:
    document = OpenDocument("x = 1\n" * 5000, language_id="python")
    first = document.around(3000, 2, "utf-16")
    document.apply(Change(text="y\n", start=(100, 0), end=(100, 0)), "utf-16")
    moved = document.around(3001, 2, "utf-16")
    document.apply(Change(text="", start=(100, 0), end=(101, 0)), "utf-16")
    again = document.around(3000, 2, "utf-16")
    assert first is not None
    assert moved is not None
    assert again is not None
    assert (first.text.hash_before, first.text.hash_after) == (again.text.hash_before, again.text.hash_after)
    assert moved.text.hash_before != first.text.hash_before


TEXTS = {
    "a long line": lambda size: "a" * size,
    "a long line of emoji": lambda size: "é🙂x\u0301" * (size // 4),
    "halves of surrogate pairs": lambda size: "\ud800é" * (size // 2),
    "many lines": lambda size: "ab = 1\r\n" * (size // 8),
    "empty lines": lambda size: "\n" * size,
    "blanks": lambda size: " " * size,
}


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_key_makes_only_the_pieces_around_it_anew(kind: str, encoding: Encoding) -> None:
    """In a text of sixteen times the size it copies as many characters."""
    for size in (100_000, 1_600_000):
        document = OpenDocument(TEXTS[kind](size), language_id="python")
        middle = len(document.lines) // 2
        place = (middle, len(document.lines[middle]) // 2)
        before = document._rope.pieces
        document.apply(Change(text="x", start=place, end=place), encoding)
        made = set(document._rope.pieces) - set(before)
        assert len(before) > 10
        assert sum(len(piece.text) for piece in made) <= 2 * rope.PIECE_CHARACTERS


def test_large_documents_and_lines_are_refused_without_being_read() -> None:
    for text, place in [
        ("x" * (MAX_LINE_CHARACTERS + 1), (0, 7)),
        ("\n" * (MAX_LINES + 1), (5, 0)),
        ("x = 1\n" * (MAX_CHARACTERS // 6 + 1), (5, 0)),
    ]:
        document = OpenDocument(text, language_id="python")
        with pytest.raises(TooLarge, match="more than"):
            document.around(*place, "utf-16")
        assert not any("lines" in vars(piece) for piece in document._rope.pieces), "nothing was split into lines"


def test_a_long_line_elsewhere_is_short_for_the_device() -> None:
    document = OpenDocument("x" * 1_000_000 + "\r\ny = \n", language_id="python")
    around = document.around(1, 4, "utf-16")
    assert around is not None
    assert around.lines() == ("x" * MAX_LINE_CHARACTERS + "\r\n", "y = \n")
    assert document.lines[0] == "x" * 1_000_000 + "\r\n"
