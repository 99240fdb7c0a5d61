"""The byte index against a look at every token."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seekline import model
from seekline.model.decoding.vocabulary_index import VocabularyIndex, byte_ranges

# Few different bytes, the highest among them, so that tokens share prefixes and meet the end of the order.
few_bytes = st.binary(max_size=5).map(lambda text: bytes(b"ab \xff"[byte % 4] for byte in text))
vocabularies = st.lists(few_bytes, max_size=30)
byte_sets = st.frozensets(st.sampled_from([*b"ab \xff", 0, 254]))


def ids_where(tokens: list[bytes], condition: Callable[[bytes], bool]) -> list[int]:
    return [id for id, token in enumerate(tokens) if token and condition(token)]


@given(vocabularies, few_bytes)
def test_tokens_that_start_with_bytes(tokens: list[bytes], start: bytes) -> None:
    index = VocabularyIndex(tokens)
    found = index.ids([index.starting_with(start)])
    assert sorted(found) == ids_where(tokens, lambda token: token.startswith(start))


@given(vocabularies, st.lists(few_bytes, max_size=4))
def test_tokens_that_are_a_prefix(tokens: list[bytes], texts: list[bytes]) -> None:
    index = VocabularyIndex(tokens)
    found = index.ids(index.prefixes_of(*texts))
    assert sorted(found) == ids_where(tokens, lambda token: any(text.startswith(token) for text in texts))


@given(vocabularies, few_bytes, byte_sets)
def test_tokens_that_go_on_with_a_byte(tokens: list[bytes], start: bytes, values: frozenset[int]) -> None:
    index = VocabularyIndex(tokens)
    found = index.ids(index.continuing(start, byte_ranges(values)))
    longer = len(start)
    assert sorted(found) == ids_where(
        tokens, lambda token: token.startswith(start) and len(token) > longer and token[longer] in values
    )


@given(vocabularies, st.lists(few_bytes, max_size=4))
def test_overlapping_ranges_give_each_id_once(tokens: list[bytes], starts: list[bytes]) -> None:
    index = VocabularyIndex(tokens)
    found = index.ids([*map(index.starting_with, starts), *index.prefixes_of(*starts)])
    assert len(set(found.tolist())) == len(found)


@given(st.frozensets(st.integers(0, 255)))
def test_byte_ranges_are_the_same_values(values: frozenset[int]) -> None:
    ranges = byte_ranges(values)
    assert [value for one in ranges for value in one] == sorted(values)
    assert all(one.stop < other.start for one, other in pairwise(ranges))


def test_the_embedded_vocabulary() -> None:
    tokenizer = model.Tokenizer(model.embedded_folder())
    index = VocabularyIndex.of(tokenizer)
    assert sorted(index.ids([index.starting_with(b"")])) == list(range(6, tokenizer.size))
    (def_,) = tokenizer.encode_text("def")
    assert def_ in index.ids([index.starting_with(b"de")])
    assert def_ in index.ids(index.prefixes_of(b"def run():"))
    assert index.bytes_of(def_) == b"def"
    assert index.bytes_of(tokenizer.size) == index.bytes_of(0) == b""
    assert index.ends_text(0)
    assert not index.ends_text(def_)


@pytest.mark.parametrize("tokens", [[], [b""], [b"", b"\xff"]])
def test_small_vocabularies(tokens: list[bytes]) -> None:
    index = VocabularyIndex(tokens)
    assert list(index.ids([index.starting_with(b"\xff")])) == ids_where(tokens, bool)
    assert index.ids([]).dtype == "int64"
