"""What the index keeps, counted in sorts."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seekline.model.decoding.copying import copy_index, first_tokens
from seekline.model.decoding.copying.copy_index import CopyIndex
from seekline.model.decoding.copying.copy_model import CopyModel
from seekline.model.decoding.copying.copy_texts import CopyTexts
from seekline.model.decoding.copying.first_tokens import NO_TOKEN, FirstTokens
from seekline.model.decoding.copying.sorted_text import LONGEST, SortedText, comparable, sort_texts
from seekline.model.decoding.copying.text_group import BEFORE, PlacedText


@pytest.fixture
def sorts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the texts that were sorted."""
    sizes: list[int] = []

    def counted(texts: Sequence[bytes], before: bytes = b"") -> SortedText:
        sizes.append(sum(map(len, texts)))
        return sort_texts(texts, before)

    monkeypatch.setattr(copy_index, "sort_texts", counted)
    return sizes


DOCUMENT = "".join(f"value_{n} = function_{n % 97}(argument_{n * 7 % 1000})\n" for n in range(5000))


def test_a_key_sorts_the_line_at_the_cursor(sorts: list[int]) -> None:
    index = CopyIndex()
    index.document(DOCUMENT + "    ", "\n" + DOCUMENT)
    whole = len(sorts)
    index.document(DOCUMENT + "    x", "\n" + DOCUMENT)
    assert whole > 20
    assert sorts[whole:] == [len("\2x")]


def test_an_enter_sorts_the_line_and_the_piece_above_it(sorts: list[int]) -> None:
    index = CopyIndex()
    index.document(DOCUMENT + "x", "\n" + DOCUMENT)
    whole = len(sorts)
    index.document(DOCUMENT + "x\n    ", "\n" + DOCUMENT)
    above, line, below = sorts[whole:]
    assert line == len("\2")
    assert max(above, below) < 20_000, "the piece above, and the one below, whose first line is not as deep as this one"


def test_an_edit_far_away_sorts_the_pieces_around_it(sorts: list[int]) -> None:
    index = CopyIndex()
    index.document(DOCUMENT, "")
    whole = len(sorts)
    index.document(DOCUMENT[:100_000] + "new = 1\n" + DOCUMENT[100_000:], "")
    assert whole < len(sorts) <= whole + whole // 4


def texts_in(groups: Sequence[PlacedText]) -> list[bytes]:
    return [text for group in groups for text in group.text.text.split(bytes(LONGEST)) if text]


def test_what_does_not_fit_are_the_last_texts() -> None:
    index = CopyIndex(limit_bytes=1_000_000)
    texts = tuple(f"text {n}\n" * 400 for n in range(100))
    kept = texts_in(index.others(texts))
    assert 20 < len(kept) < len(texts)
    assert kept == [b"\1" + text.encode().replace(b"\n", b"\n\1")[:-1] for text in texts[: len(kept)]]
    assert index.used_bytes <= 1_000_000


def test_memory_is_bounded_while_thousands_of_texts_pass() -> None:
    """Someone goes from folder to folder, and types in each."""
    index = CopyIndex(limit_bytes=2_000_000)
    files = [f"def function_{n}(argument):\n    return argument + {n}\n" * 40 for n in range(3000)]
    for first in range(0, len(files), 60):
        assert len(texts_in(index.others(tuple(files[first : first + 60])))) == 60
        index.document(files[first] + "x", "\n")
        assert index.used_bytes <= 2_000_000


def test_the_nearest_texts_are_kept_the_longest(sorts: list[int]) -> None:
    index = CopyIndex(limit_bytes=1_000_000)
    texts = tuple(f"{n} = 1\n\n\n" * 2100 for n in range(5))  # each is a group
    index.others(texts)
    assert sorts == [len(text) + 2100 for text in texts]
    index.document("a = 1\n" * 16_000, "")
    sorts.clear()
    index.others(texts[:3])
    assert sorts == []
    index.others(texts)
    assert 0 < len(sorts) <= 3, "some of the farthest"


def test_texts_that_are_known_are_not_sorted_again(sorts: list[int]) -> None:
    index = CopyIndex()
    texts = tuple(f"text {n}\n" * (1000 + n * n % 101) for n in range(100))
    index.others(texts)
    size = sum(sorts)
    index.others(texts)
    assert sum(sorts) == size
    index.others((texts[50], *texts[:50], *texts[51:]))
    assert sum(sorts) <= size * 1.3, "a text that comes first changes the groups where it was and is"


def test_a_full_table_of_words_is_emptied_and_stays_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_tokens, "_SLOTS", 1024)
    words = FirstTokens(lambda text: [ord(text[0]) + 256 * ord(text[-1])])
    index = CopyIndex()
    for n in range(300):
        names = "".join(f"same {chr(97 + a)}{chr(97 + n % 26)}{n}\n" for a in range(20))
        text = "".join(f"same {chr(97 + a)}{'q' * (n % 30)}{chr(97 + n % 26)}\n" for a in range(20))
        model = CopyModel(CopyTexts(before="same", others=(text, names)), index, words, newline=10)
        candidates = model.find(b"")
        tokens = set(candidates.token[: candidates.count])
        assert {ord(" ") + 256 * (97 + n % 26)} <= tokens


def test_what_is_no_text_has_no_token() -> None:
    words = FirstTokens(lambda text: [7] if text.strip() else [])
    assert words.of("é".encode()[:1]) == NO_TOKEN
    assert words.of(b" ") == NO_TOKEN
    assert words.of(b"a") == 7
    assert ctypes.addressof(words.table) == words.table_address


def test_nothing_is_copied_that_was_not_given() -> None:
    model = CopyModel(
        CopyTexts(before="password = ", others=("password = known\n",)),
        CopyIndex(),
        FirstTokens(lambda text: [ord(text[-1])]),
        newline=10,
    )
    candidates = model.find(b"")
    assert candidates.count > 0
    assert set(candidates.token[: candidates.count]) <= {*b"known=d", 10}


blanks = st.text(alphabet="ab \t\r\n", max_size=40)


@given(st.lists(st.tuples(blanks, blanks), max_size=6), st.sampled_from(["", DOCUMENT[:20_000]]))
def test_what_was_asked_before_changes_nothing(cursors: list[tuple[str, str]], start: str) -> None:
    index = CopyIndex()
    for before, after in cursors:
        document = index.document(start + before, after)
        head = comparable((start + before).encode(), is_open=True)
        tail = comparable(after.encode(), starts_line=False, columns=head.columns)
        assert (document.cursor, document.columns) == (len(head.text), head.columns)
        assert document.context == head.text[-LONGEST:].rjust(LONGEST, b"\0")
        pieces = [piece.text.text[LONGEST:] for piece in document.pieces]
        behind = sum(piece.source == BEFORE for piece in document.pieces)
        assert b"".join(pieces[:behind]) == head.text
        assert b"".join(pieces[behind:]) == tail.text
        fresh = CopyIndex().document(start + before, after)
        assert [piece.start for piece in document.pieces] == [piece.start for piece in fresh.pieces]


def test_a_cleared_index_keeps_nothing() -> None:
    index = CopyIndex()
    index.document("a = 1\nb = ", "2\n")
    index.others(("c = 3\n",))
    assert index.used_bytes > 0
    index.clear()
    assert index.used_bytes == 0
    assert index.document("a = 1\nb = ", "2\n").cursor == len("\1a = 1\n\1b = ")
