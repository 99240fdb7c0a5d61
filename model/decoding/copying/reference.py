"""The copy model in plain Python: what the C code computes, readable and slow.

Used where the C code is not compiled, and by the tests, which compare the two. `kernels` chooses.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy

from .native import LONGEST, MOST_TOKENS, ORDERS, SOURCES, Candidates

if TYPE_CHECKING:
    from .inputs import Search
    from .text_group import PlacedText, TextGroup

_SAME, _DEEPER, _SHALLOWER = b"\1", b"\2", b"\3"
_BLANK = b" \t\r"
_BEHIND = 40
_MOST_TEXTS = 2048
_FAR = 1e7
_SHORTEST_OF_ORDER = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48)
_UINT64 = (1 << 64) - 1


def normalize(text: bytes, starts_line: bool, is_open: bool, columns: int) -> tuple[bytes, int]:
    """The comparable text, and the indentation of its last line. See `sorted_text.comparable`."""
    written: list[bytes] = []
    lines = text.split(b"\n")
    for number, line in enumerate(lines):
        is_last = number == len(lines) - 1
        is_typed = is_last and is_open
        if is_last and not line and not is_typed:
            break
        if number or starts_line:
            code = line.lstrip(b" \t")
            if is_typed or (code and not code.startswith(b"\r")):
                indentation = _columns(line[: len(line) - len(code)])
                written.append(_compared(indentation, columns))
                columns = indentation
            line = code
        written.append(line if is_typed else line.rstrip(_BLANK))
        if not is_last:
            written.append(b"\n")
    return b"".join(written), columns


def _columns(blanks: bytes) -> int:
    columns = 0
    for byte in blanks:
        columns = (columns | 7) + 1 if byte == ord("\t") else columns + 1
    return columns


def _compared(indentation: int, above: int) -> bytes:
    if indentation == above:
        return _SAME
    return _DEEPER if indentation > above else _SHALLOWER


def sort(whole: bytes, sizes: Sequence[int]) -> numpy.ndarray:
    """The places of texts of these sizes, each behind `LONGEST` bytes, by the bytes before them, the nearest first."""
    places: list[int] = []
    end = 0
    for size in sizes:
        places += range(end + LONGEST, end + LONGEST + size)
        end += LONGEST + size
    return numpy.array(sorted(places, key=lambda place: whole[place - LONGEST : place][::-1]), dtype=numpy.int32)


def cut(text: bytes, shortest: int, longest: int) -> list[int]:
    """Where the pieces of a text end."""
    ends: list[int] = []
    start = at = 0
    for line in _lines(text):
        at += len(line)
        size = at - start
        if size >= longest or (size >= shortest and _hash(line) % 16 == 0) or at == len(text):
            ends.append(at)
            start = at
    return ends


def _lines(text: bytes) -> list[bytes]:
    *whole, last = text.split(b"\n")
    lines = [line + b"\n" for line in whole]
    return [*lines, last] if last else lines


def _hash(text: bytes) -> int:
    value = 0x243F6A8885A308D3 ^ len(text)
    for at in range(0, len(text) // 8 * 8 + 1, 8):
        value = (value ^ int.from_bytes(text[at : at + 8], "little")) * 0x9E3779B97F4A7C15 & _UINT64
        value ^= value >> 29
    return value or 1


def find(groups: Sequence[TextGroup], first_token: Callable[[bytes], int], search: Search, found: Candidates) -> None:
    """What speaks for each next token. `first_token`: of a word; negative where it has none."""
    found.count = 0
    for group in groups:
        for text, place in _places(group, search.context, len(search.must)):
            word = _word(group, text, place, search.must)
            if word is None:
                continue
            token = first_token(word) if word else search.newline
            if token >= 0:
                _add(found, group, text, place, token, _agreeing(text.text.text, place, search.context))


def _places(group: TextGroup, context: bytes, must_size: int) -> list[tuple[PlacedText, int]]:
    """Of the shortest context that few enough places share. At `LONGEST` bytes the last ones."""
    texts = group.texts[:_MOST_TEXTS]
    found: list[tuple[PlacedText, int]] = []
    for length in range(max(group.least, must_size), LONGEST + 1):
        found = []
        for text in texts:
            found += [(text, place) for place in _agreeing_places(text, context[-length:])]
        if len(found) <= group.most:
            return found
    return found[-group.most :]


def _agreeing_places(placed: PlacedText, context: bytes) -> list[int]:
    """The places behind `context`, in the order in which they are sorted."""
    whole, order = placed.text.text, placed.text.order

    def behind(place: int) -> bytes:
        return whole[place - len(context) : place][::-1]

    low = bisect_left(order, context[::-1], key=behind)
    high = bisect_right(order, context[::-1], low, key=behind)
    return order[low:high].tolist()


def _word(group: TextGroup, placed: PlacedText, place: int, must: bytes) -> bytes | None:
    """The word that the text at a place goes on with; an empty one for the end of the line, None for none."""
    text = must + placed.text.text[place : place + _BEHIND]
    size = _word_length(text)
    if size < 0 or (size == 0 and must):
        return None
    position = place - LONGEST + placed.start + max(0, size - len(must))
    if placed.source == 0 and position >= group.cursor:  # a word that reaches to the cursor is not known yet
        return None
    return text[: min(size, LONGEST)]


def _word_length(text: bytes) -> int:
    """Of the word that begins a text, with the space before it; 0 for the end of the line, -1 for none."""
    code = text.lstrip(b" \t")
    if not code or code[0] in b"\n\0":
        return 0
    if text[0] < 4:
        return -1  # an indentation
    spaces = len(text) - len(text.lstrip(b" "))
    if spaces > 1:
        return spaces - 1
    first = text[spaces]
    if _is_letter(first):
        return _while(text, spaces, len(text), _is_letter)
    if _is_digit(first):
        return spaces + 1
    if first in b"\t\r":
        return spaces or 1
    end = _while(
        text, spaces, spaces + 4, lambda byte: byte > ord(" ") and not _is_letter(byte) and not _is_digit(byte)
    )
    return end if end > spaces else 1


def _while(text: bytes, start: int, most: int, accepts: Callable[[int], bool]) -> int:
    end = start
    while end < min(most, len(text)) and accepts(text[end]):
        end += 1
    return end


def _is_letter(byte: int) -> bool:
    return byte >= 0x80 or byte == ord("_") or chr(byte).isalpha()


def _is_digit(byte: int) -> bool:
    return ord("0") <= byte <= ord("9")


def _agreeing(text: bytes, place: int, context: bytes) -> int:
    length = 0
    while length < LONGEST and text[place - length - 1] == context[-length - 1]:
        length += 1
    return length


def _add(found: Candidates, group: TextGroup, placed: PlacedText, place: int, token: int, length: int) -> None:
    number = _slot(found, token)
    if number is None:
        return
    source = placed.source
    counts = numpy.frombuffer(found.counts, dtype=numpy.float32).reshape(MOST_TOKENS, ORDERS, SOURCES)
    longest = numpy.frombuffer(found.longest, dtype=numpy.int32).reshape(MOST_TOKENS, SOURCES)[number]
    counts[number, : bisect_right(_SHORTEST_OF_ORDER, length), source] += 1
    is_in_document = source < 2
    if is_in_document and length > max(longest[:2]):
        found.distance[number] = _FAR
    longest[source] = max(longest[source], length)
    if is_in_document and length >= max(longest[:2]):
        distance = abs(place - LONGEST + placed.start - group.cursor)
        found.distance[number] = min(found.distance[number], distance)


def _slot(found: Candidates, token: int) -> int | None:
    """The number of a token among the candidates; None where no more have room."""
    for number in range(found.count):
        if found.token[number] == token:
            return number
    number = found.count
    if number == MOST_TOKENS:
        return None
    found.count += 1
    found.token[number] = token
    numpy.frombuffer(found.counts, dtype=numpy.float32).reshape(MOST_TOKENS, -1)[number] = 0
    numpy.frombuffer(found.longest, dtype=numpy.int32).reshape(MOST_TOKENS, -1)[number] = 0
    found.distance[number] = _FAR
    return number
