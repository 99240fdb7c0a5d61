"""The editor's document, edit by edit, against plain string surgery."""

from __future__ import annotations

import random

import pytest
from seekline import fim
from seekline.server.documents.documents import Change, OpenDocument
from seekline.server.documents.positions import Encoding, to_column, to_units

ALPHABET = ["a", "b", " ", "\t", "\n", "\r", "\r\n", "\x0c", "\u2028", "\x85", "é", "日", "🙂", "\ud800"]
ENCODINGS: list[Encoding] = ["utf-8", "utf-16", "utf-32"]


def surgery(text: str, change: Change, encoding: Encoding) -> str:
    """What the text must be after a change, by offsets into one string."""
    lines = fim.split_lines(text)

    def offset(place: tuple[int, int]) -> int:
        line, units = place
        if line >= len(lines):
            return len(text)
        return sum(map(len, lines[:line])) + to_column(lines[line].rstrip("\r\n"), units, encoding)

    if change.start is None or change.end is None:
        return change.text
    start, end = sorted((offset(change.start), offset(change.end)))
    return text[:start] + change.text + text[end:]


def random_change(chance: random.Random) -> Change:
    text = "".join(chance.choices(ALPHABET, k=chance.randrange(5)))
    if chance.random() < 0.02:
        return Change(text=text)
    start, end = ((chance.randrange(8), chance.randrange(7)) for _ in range(2))
    return Change(text=text, start=start, end=end)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_edits(encoding: Encoding) -> None:
    for seed in range(700):
        chance = random.Random(seed)
        text = "".join(chance.choices(ALPHABET, k=chance.randrange(15)))
        document = OpenDocument(text, language_id="python")
        for _ in range(8):
            change = random_change(chance)
            text = surgery(text, change, encoding)
            document.apply(change, encoding)
            assert "".join(document.lines) == text
            assert list(document.lines) == fim.split_lines(text), f"{change} left lines that are none"


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("line", ["", "plain", "é日🙂x", "🙂" * 3, "a\ud800b🙂"])
def test_columns_there_and_back(line: str, encoding: Encoding) -> None:
    for column in range(len(line) + 1):
        assert to_column(line, to_units(line, column, encoding), encoding) == column
    assert to_column(line, 10_000, encoding) == len(line)
    assert to_column(line, -1, encoding) == 0


@pytest.mark.parametrize(("encoding", "units"), [("utf-8", 4), ("utf-16", 2), ("utf-32", 1)])
def test_inside_a_character_is_before_it(encoding: Encoding, units: int) -> None:
    assert to_units("🙂", 1, encoding) == units
    assert [to_column("🙂x", n, encoding) for n in range(units)] == [0] * units
    assert to_column("🙂x", units, encoding) == 1


def test_a_snapshot_stays_as_it_was() -> None:
    document = OpenDocument("a\nb\n", language_id="python")
    snapshot = document.lines
    document.apply(Change(text="x", start=(0, 0), end=(0, 1)), "utf-16")
    assert snapshot == ("a\n", "b\n")
    assert document.lines == ("x\n", "b\n")


def test_a_form_feed_moves_no_later_edit() -> None:
    document = OpenDocument("a\x0cb\nc\n", language_id="python")
    document.apply(Change(text="!", start=(1, 1), end=(1, 1)), "utf-16")
    assert "".join(document.lines) == "a\x0cb\nc!\n"
