r"""What one pattern of .gitignore syntax matches, said as an expression of a linear-time engine.

It follows git byte for byte (gitignore(5); wildmatch.c of git, with WM_PATHNAME): `*` and `?` match no slash, `**`
between slashes matches folders, `\` takes the next character as it is, and `[a-z[:digit:]]` is a set of bytes.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any, NamedTuple

import re2

MAX_PATTERN_CHARACTERS = 1000
"""No one writes a longer one by hand."""

_ANY, _ONE, _FOLDERS, _REST = "[^/]*", "[^/]", "(?:.*/)?", ".*"
_CLASSES = {
    "alpha": string.ascii_letters,
    "digit": string.digits,
    "alnum": string.ascii_letters + string.digits,
    "upper": string.ascii_uppercase,
    "lower": string.ascii_lowercase,
    "space": " \t\n\r\v\f",
    "blank": " \t",
    "punct": string.punctuation,
    "xdigit": string.hexdigits,
    "print": "".join(map(chr, range(32, 127))),
    "graph": "".join(map(chr, range(33, 127))),
    "cntrl": "".join(map(chr, [*range(32), 127])),
}


class Part(NamedTuple):
    """A piece of a pattern: either text that stands for itself, or an expression."""

    text: str
    is_literal: bool


def parts_of(glob: str) -> list[Part]:
    """The pieces of a pattern, neighbouring literals as one. Raises ValueError for a pattern that can match nothing.

    `glob` has a character for each byte of its UTF-8, as `as_bytes` makes it.
    """
    found: list[Part] = []
    for part in _parts(glob):
        if part.is_literal and found and found[-1].is_literal:
            found[-1] = Part(found[-1].text + part.text, is_literal=True)
        else:
            found.append(part)
    return found


def as_bytes(text: str) -> str:
    """A text with a character for each byte of its UTF-8; also what is no text, as names of files may be."""
    return text if text.isascii() else text.encode("utf-8", "surrogatepass").decode("latin-1")


def compile_parts(patterns: list[list[Part]]) -> Any:
    """One expression for paths, as `as_bytes` makes them, that any of the patterns matches whole. Raises ValueError."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.dot_nl = True
    options.log_errors = False
    options.never_capture = True
    expression = "|".join("".join(map(_expression, parts)) for parts in patterns)
    try:
        return re2.compile(expression.encode("latin-1"), options)
    except re2.error as error:
        raise ValueError(str(error)) from error


def _expression(part: Part) -> str:
    return "".join(map(_escaped, part.text)) if part.is_literal else part.text


def _escaped(character: str) -> str:
    return character if character.isascii() and character.isalnum() else rf"\x{ord(character):02x}"


def _parts(glob: str) -> Iterator[Part]:
    place = 0
    while place < len(glob):
        character = glob[place]
        if character == "*":
            expression, place = _stars(glob, place)
            yield Part(expression, is_literal=False)
        elif character == "?":
            yield Part(_ONE, is_literal=False)
            place += 1
        elif character == "[":
            members, place = _bracket(glob, place + 1)
            yield Part(_set(members), is_literal=False)
        else:
            place += character == "\\"
            if place == len(glob):
                raise ValueError("it ends with a backslash")
            yield Part(glob[place], is_literal=True)
            place += 1


def _stars(glob: str, place: int) -> tuple[str, int]:
    """The expression for the stars at `place`, and the place behind what it stands for."""
    end = place
    while glob[end : end + 1] == "*":
        end += 1
    # Git compares what stands before the first wildcard by itself, so that the stars behind it start a pattern too.
    starts = glob[place - 1 : place] in ("", "/") or not any(character in glob[:place] for character in "*?[\\")
    if end - place == 1 or not starts:
        return _ANY, end
    if end == len(glob) or glob.startswith("\\/", end):
        return _REST, end
    return (_FOLDERS, end + 1) if glob[end] == "/" else (_ANY, end)


def _set(members: set[int]) -> str:
    members = members - {ord("/")}
    if not members:
        raise ValueError("its brackets match nothing")
    ranges: list[list[int]] = []
    for member in sorted(members):
        if ranges and ranges[-1][1] == member - 1:
            ranges[-1][1] = member
        else:
            ranges.append([member, member])
    return "[" + "".join(rf"\x{first:02x}-\x{last:02x}" for first, last in ranges) + "]"


def _bracket(glob: str, place: int) -> tuple[set[int], int]:
    """The bytes that the set whose inside starts at `place` matches, and the place behind it."""
    negated = glob[place : place + 1] in ("!", "^")
    place += negated
    members: set[int] = set()
    before: str | None = None  # what a range may start with
    first = True
    while first or glob[place : place + 1] != "]":
        first = False
        if glob.startswith("[:", place) and (named := _class(glob, place)) is not None:
            name, place = named
            members.update(map(ord, name))
            before = None
            continue
        is_range = (
            glob[place : place + 1] == "-" and before is not None and glob[place + 1 : place + 2] not in ("", "]")
        )
        character, place = _character(glob, place + is_range)
        if is_range and before is not None:
            members.update(range(ord(before), ord(character) + 1))
            before = None
        else:
            members.add(ord(character))
            before = character
    return (set(range(256)) - members if negated else members), place + 1


def _character(glob: str, place: int) -> tuple[str, int]:
    place += glob[place : place + 1] == "\\"
    if place >= len(glob):
        raise ValueError("its bracket is not closed")
    return glob[place], place + 1


def _class(glob: str, place: int) -> tuple[str, int] | None:
    """The members of `[:name:]` at `place`, and the place behind it; None where it is two plain characters."""
    end = glob.find("]", place + 2)
    if end == -1:
        raise ValueError("its bracket is not closed")
    if end == place + 2 or glob[end - 1] != ":":
        return None
    name = glob[place + 2 : end - 1]
    if name not in _CLASSES:
        raise ValueError(f"there is no class [:{name}:]")
    return _CLASSES[name], end + 1
