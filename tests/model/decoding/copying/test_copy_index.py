"""What the index keeps, counted in sorts."""

from __future__ import annotations

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seekline.model.decoding.copying import copy_index, first_tokens
from seekline.model.decoding.copying.copy_index import CopyIndex
from seekline.model.decoding.copying.copy_model import CopyModel
from seekline.model.decoding.copying.copy_texts import CopyTexts
from seekline.model.decoding.copying.first_tokens import NO_TOKEN, FirstTokens
from seekline.model.decoding.copying.sorted_text import LONGEST, SortedText, comparable, sort_text


@pytest.fixture
def sorts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the texts that were sorted."""
    sizes: list[int] = []

    def counted(text: bytes, before: bytes = b"") -> SortedText:
        sizes.append(len(text))
        return sort_text(text, before)

    monkeypatch.setattr(copy_index, "sort_text", counted)
    return sizes


DOCUMENT = "".join(f"value_{n} = function_{n % 97}(argument_{n * 7 % 1000})\n" for n in range(5000))


def test_a_key_sorts_the_piece_at_the_cursor(sorts: list[int]) -> None:
    index = CopyIndex()
    index.document(DOCUMENT, DOCUMENT)
    whole = len(sorts)
    index.document(DOCUMENT + "x", DOCUMENT)
    assert whole > 20
    assert len(sorts) == whole + 1


def test_an_edit_far_away_sorts_the_pieces_around_it(sorts: list[int]) -> None:
    index = CopyIndex()
    index.document(DOCUMENT, "")
    whole = len(sorts)
    index.document(DOCUMENT[:100_000] + "new = 1\n" + DOCUMENT[100_000:], "")
    assert whole < len(sorts) <= whole + whole // 4


def test_memory_is_bounded_and_the_first_texts_win(sorts: list[int]) -> None:
    index = CopyIndex(limit_bytes=100_000)
    texts = [f"text {n}\n" * 400 for n in range(20)]
    kept = index.others(texts)
    assert 0 < len(kept) < len(texts)
    assert [b"text %d" % n in text.text for n, text in enumerate(kept)] == [True] * len(kept)
    assert sum(text.size_bytes for text in kept) <= 50_000
    for n in range(50):
        index.document(f"value {n}\n" * 300, "")
        assert index.used_bytes <= 100_000


def test_a_text_that_is_known_is_not_sorted_again(sorts: list[int]) -> None:
    index = CopyIndex()
    index.others(["one\n", "two\n"])
    index.others(["two\n", "one\n", "three\n"])
    assert len(sorts) == 3


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
        assert document.before == head
        assert b"".join(piece.text.text[LONGEST:] for piece in document.pieces_before) == head.text
        assert b"".join(piece.text.text[LONGEST:] for piece in document.pieces_behind) == tail.text
        fresh = CopyIndex().document(start + before, after)
        assert [piece.start for piece in document.pieces_before] == [piece.start for piece in fresh.pieces_before]


def test_a_cleared_index_keeps_nothing() -> None:
    index = CopyIndex()
    index.document("a = 1\nb = ", "2\n")
    index.others(("c = 3\n",))
    assert index.used_bytes > 0
    index.clear()
    assert index.used_bytes == 0
    assert index.document("a = 1\nb = ", "2\n").before.text
