"""The copy model in C and in Python find the same, which is what its definition says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from unittest import mock

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seekline.model.decoding.copying import kernels, native, reference
from seekline.model.decoding.copying.copy_index import CopyIndex
from seekline.model.decoding.copying.copy_model import CopyModel
from seekline.model.decoding.copying.copy_texts import CopyTexts
from seekline.model.decoding.copying.first_tokens import FirstTokens

NEWLINE = 10
LONGEST = 64
SHORTEST_OF_ORDER = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48)

needs_native = pytest.mark.skipif(native.library() is None, reason="the C code is not compiled here")

small_texts = st.text(alphabet="ab(\n", max_size=60)
code = st.text(alphabet="abA1_ .(é\t\r\n\0€", max_size=300)
repeated = st.builds(lambda text, times: text * times, code, st.integers(1, 40))
long_lines = st.builds(lambda text: text * 2000, st.text(alphabet="ab c", min_size=1, max_size=5))
texts = st.one_of(code, repeated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaks:
    counts: list[list[float]]
    longest: list[int]
    distance: float


def encode(text: str) -> list[int]:
    """The first character of a word, and whether a space stands before it."""
    return [2 * ord(text[:1]) + (len(text) % 2)]


def copies(before: str, after: str, others: tuple[str, ...], must: bytes = b"") -> CopyModel:
    given = CopyTexts(before=before, after=after, others=others)
    return CopyModel(given, CopyIndex(), FirstTokens(encode), must=must, newline=NEWLINE)


def found(model: CopyModel, written: bytes = b"") -> dict[int, Speaks]:
    candidates = model.find(written)
    counts = numpy.frombuffer(candidates.counts, dtype=numpy.float32).reshape(-1, 14, 3)
    longest = numpy.frombuffer(candidates.longest, dtype=numpy.int32).reshape(-1, 3)
    return {
        candidates.token[n]: Speaks(
            counts=counts[n].tolist(), longest=longest[n].tolist(), distance=candidates.distance[n]
        )
        for n in range(candidates.count)
    }


def in_python() -> mock._patch[object]:  # pyright: ignore[reportPrivateUsage]
    return mock.patch.object(kernels, "library", return_value=None)


@needs_native
@given(texts, st.booleans(), st.booleans(), st.integers(0, 20))
def test_texts_are_compared_alike(text: str, starts_line: bool, is_open: bool, columns: int) -> None:
    given = text.encode()
    expected = reference.normalize(given, starts_line, is_open, columns)
    assert kernels.normalize(given, starts_line, is_open, columns) == expected


@needs_native
@given(st.one_of(texts, long_lines), st.integers(1, 30), st.integers(0, 60))
def test_texts_are_cut_alike(text: str, shortest: int, more: int) -> None:
    given = text.encode()
    assert kernels.cut(given, shortest, shortest + more) == reference.cut(given, shortest, shortest + more)


@needs_native
@given(st.lists(texts, max_size=3))
def test_places_are_sorted_alike(several: list[str]) -> None:
    encoded = [text.encode() for text in several]
    whole = b"".join(bytes(LONGEST) + text for text in encoded)
    sizes = [len(text) for text in encoded]
    assert kernels.sort(whole, sizes).tolist() == reference.sort(whole, sizes).tolist()


@needs_native
@settings(max_examples=60)
@given(texts, texts, st.lists(texts, max_size=3), st.integers(0, 5), st.text(alphabet="ab( \n", max_size=6))
def test_c_and_python_find_the_same(before: str, after: str, others: list[str], healed: int, more: str) -> None:
    must = before[len(before) - healed :].rpartition("\n")[2].encode()
    written = must + more.encode()
    for so_far in (b"", must[:1], written):
        native_found = found(copies(before, after, tuple(others), must), so_far)
        with in_python():
            assert found(copies(before, after, tuple(others), must), so_far) == native_found


@needs_native
@settings(max_examples=5)
@given(long_lines, st.integers(0, 10000))
def test_c_and_python_find_the_same_in_long_lines(text: str, cursor: int) -> None:
    before, after = text[:cursor], text[cursor:]
    native_found = found(copies(before, after, ()))
    with in_python():
        assert found(copies(before, after, ())) == native_found


@pytest.fixture(params=["native", "python"])
def each_kernel(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.param == "python":
        with in_python():
            yield
    elif native.library() is None:
        pytest.skip("the C code is not compiled here")
    else:
        yield


def agreeing(one: bytes, other: bytes) -> int:
    length = 0
    while length < LONGEST and one[-length - 1] == other[-length - 1]:
        length += 1
    return length


def by_definition(other: str, context: str) -> dict[int, list[float]]:
    """Of letters without spaces: how many places of another file agree in so many bytes, by the token that follows.

    It holds where fewer than 65 places agree in three bytes.
    """
    padding = b"\0" * LONGEST
    # Each line that is not empty begins with the byte of an indentation as deep as that above.
    text = "\n".join("\1" + line if line else "" for line in other.split("\n")).encode()
    if not other or other.endswith("\n"):
        text = text if other else b""
    line = b"\1" + context.encode()
    counts: dict[int, list[float]] = {}
    for place in range(len(text)):
        length = agreeing(padding + text[:place], padding + line)
        if length < 3 or text[place] < 4:
            continue
        rest = text[place:].split(b"\n")[0]
        word = next_word(rest.decode())
        token = encode(word)[0] if word else NEWLINE
        known = counts.setdefault(token, [0.0] * 14)
        for order, shortest in enumerate(SHORTEST_OF_ORDER):
            known[order] += length >= shortest
    return counts


def next_word(rest: str) -> str:
    is_letter = rest[:1].isalpha()
    size = 0
    while size < len(rest) and rest[size].isalpha() == is_letter and (is_letter or size < 4):
        size += 1
    return rest[:size]


@pytest.mark.usefixtures("each_kernel")
def test_the_candidates_are_those_of_the_definition() -> None:
    @settings(max_examples=300)
    @given(small_texts, st.text(alphabet="ab(", max_size=6))
    def check(other: str, context: str) -> None:
        speaks = found(copies(context, "", (other,)))
        others = {token: [row[2] for row in one.counts] for token, one in speaks.items()}
        assert {token: counts for token, counts in others.items() if any(counts)} == by_definition(other, context)

    check()


@pytest.mark.usefixtures("each_kernel")
@pytest.mark.parametrize("size", [65, 80])
def test_what_has_to_be_written_again_may_be_longer_than_a_context(size: int) -> None:
    before = "x" * 200
    assert found(copies(before, "", (), before[:size].encode())) == {}


@pytest.mark.usefixtures("each_kernel")
def test_how_a_document_is_cut_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = "".join(f"def one_{n % 7}(a, b):\n    return a + {n % 5}\n\n" for n in range(40)) + "def one_"
    after = "3(a):\n    pass\n" * 20
    whole = found(copies(before, after, ()))
    monkeypatch.setattr("seekline.model.decoding.copying.sorted_text._SHORTEST_PIECE", 16)
    monkeypatch.setattr("seekline.model.decoding.copying.sorted_text._LONGEST_PIECE", 100)
    cut = found(copies(before, after, ()))
    assert len(whole) > 3
    assert cut == whole


@pytest.mark.usefixtures("each_kernel")
def test_how_other_files_are_grouped_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    others = ("value = 1\n", "", "the_value = 2", "a value\n\n", "value = 2\n", "\n  ")
    befores = ("", "the", "the value", "    value =")

    def all_found() -> list[dict[int, Speaks]]:
        return [found(copies(before, "", others)) for before in befores]

    grouped = all_found()
    monkeypatch.setattr("seekline.model.decoding.copying.copy_index._LONGEST_GROUP", 1)
    assert all_found() == grouped
    assert all(grouped)
