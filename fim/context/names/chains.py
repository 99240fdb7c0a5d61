"""Expressions such as `self.client.get(url).body`, read from text: the line under the cursor is seldom valid syntax."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from ...code.grammars import ExpressionWords

_NAME = r"[A-Za-z_$][\w$]*"
_LINK = re.compile(r"\s*(?:\?\.|!!\.|!\.|&\.|\.|\??->|::|\\|:(?=[A-Za-z_]))\s*")
_OPEN_LINK = re.compile(r"(?:\?\.|!!\.|!\.|&\.|\.|\??->|::|\\)\s*$")
_METHOD_LINK = re.compile(r"(?:\.|(?<=[\w)\]]):)$")
_WORD = re.compile(rf"(?:[@$]{{0,2}}|#){_NAME}(?:[?!](?![.\w]))?")
_CONTINUES = re.compile(r"\s*(?:[?!&]?\.(?!\.)|->|::)")
_CHAIN_LINES = 60
_CHAIN_CHARACTERS = 4000  # farther back, nothing belongs to what is being written
_OPENERS, _CLOSERS = "([{", ")]}"
# Parsed texts are remembered for all projects: they are short, and so take a few megabytes at most.
_SHORT_CHARACTERS = 200
_MOST_PARSED = 8192
_DOTTED = re.compile(rf"{_NAME}(?:(?:\.|::|\\){_NAME})*")
CHAIN = re.compile(rf"{_NAME}(?:\s*(?:\(\s*\))?(?:\?\.|!!\.|!\.|&\.|\.|\??->|::|\\|:(?=[A-Za-z_]))#?{_NAME})*")


class Step(NamedTuple):  # hashed as often as symbols are
    """One name of a chain, and what is done with it before the next."""

    name: str
    called: bool = False
    indexed: bool = False


Chain = tuple[Step, ...]


def parse_chain(text: str, words: ExpressionWords) -> Chain:
    """The chain at the start of an expression; empty where it starts with none (a literal, a parenthesis)."""
    return _parse_short(text, words) if len(text) <= _SHORT_CHARACTERS else _parse(text, words)


@lru_cache(_MOST_PARSED)
def _parse_short(text: str, words: ExpressionWords) -> Chain:
    return _parse(text, words)


def _parse(text: str, words: ExpressionWords) -> Chain:
    text = _bare_expression(text[:_CHAIN_CHARACTERS].strip(), words)
    steps: list[Step] = []
    word = _WORD.match(text)
    while word is not None:
        step, place = _suffixes(text, word.end(), word[0].lstrip("@"))
        steps.append(step)
        link = _LINK.match(text, place)
        word = None if link is None else _WORD.match(text, link.end())
    return tuple(steps)


@lru_cache(_MOST_PARSED)
def whole_chain(text: str) -> Chain:
    """The chain that a short expression is from its start to its end; empty where it is anything else."""
    steps: list[Step] = []
    word = _WORD.match(text) if len(text) <= _SHORT_CHARACTERS else None
    while word is not None:
        step, place = _suffixes(text, word.end(), word[0].lstrip("@"))
        steps.append(step)
        if place == len(text):
            return tuple(steps)
        link = _LINK.match(text, place)
        word = None if link is None else _WORD.match(text, link.end())
    return ()


def _bare_expression(text: str, words: ExpressionWords) -> str:
    """An expression without what stands before it, a cast as the type that it names."""
    before = words.before_expression.match(text)
    while before is not None:
        text = text[before.end() :]
        before = words.before_expression.match(text)
    return text if words.cast is None else words.cast.sub(r"\1", text, count=1)


def _suffixes(text: str, place: int, name: str) -> tuple[Step, int]:
    """What follows a name up to the next link: calls, indexing, type arguments."""
    called = indexed = False
    while place < len(text):
        character = text[place]
        if character == "<" or text.startswith("::<", place):  # type arguments, if a call or a literal follows them
            start = text.index("<", place)
            end = _closing(text, start, "<", ">")
            if end is None or not text[end:].lstrip().startswith(("(", "{", "::", ".")):
                break
            place = end
        elif character in "([{":
            end = _closing(text, place, character, _CLOSERS[_OPENERS.index(character)])
            if character == "[" and end is not None and text.startswith("(", end):  # type arguments (Go, Scala)
                place = end
                continue
            called, indexed = called or character != "[", indexed or character == "["
            if end is None:
                return Step(name, called, indexed), len(text)
            place = end
        elif character == " " and text[place:].lstrip().startswith("{") and name[:1].isupper():
            place += 1
        else:
            break
    return Step(name, called, indexed), place


def _closing(text: str, start: int, opener: str, closer: str) -> int | None:
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] == opener) - (text[place] == closer)
        if depth == 0:
            return place + 1
    return None


def chain_before(text: str, *, colon: bool = False) -> tuple[str, str] | None:
    """The expression whose member is being written at the end of `text`, and what is written of the member.

    `x = await client.session().ge` gives (`client.session()`, `ge`); None where no member is being written. `colon`:
    a single colon calls a method, as in Lua.
    """
    text = text[-_CHAIN_CHARACTERS:]
    written = written_name(text)
    head = text[: len(text) - len(written)]
    link = (_METHOD_LINK if colon else _OPEN_LINK).search(head)
    if link is None:
        return None
    start = _start_of_chain(head, link.start())
    expression = head[start : link.start()].strip()
    return (expression, written) if expression else None


def written_name(text: str) -> str:
    """What stands of a name at the end of `text`."""
    start = len(text)
    while start and (text[start - 1].isalnum() or text[start - 1] in "_$"):
        start -= 1
    return text[start:]


def continued(above: Sequence[str], before: str, comment_marks: tuple[str, ...]) -> str:
    """`before`, and the lines above that it goes on with: `.get(url)` at the start of a line."""
    parts = [before[-_CHAIN_CHARACTERS:]]
    for line in reversed(above[-_CHAIN_LINES:]):
        if len(line) > _CHAIN_CHARACTERS:
            break
        if not _CONTINUES.match(parts[0]) and (len(parts) == 1 or not _closes_more("".join(parts))):
            break
        if not line.lstrip().startswith(comment_marks):
            parts.insert(0, line.rstrip())
    return parts[0] + "".join(part.lstrip() for part in parts[1:])


def _closes_more(text: str) -> bool:
    return sum((character in _CLOSERS) - (character in _OPENERS) for character in text) > 0


def _start_of_chain(text: str, end: int) -> int:
    """Where the chain that ends at `end` starts: back over names, links and balanced brackets."""
    depth, place = 0, end
    while place > 0:
        character = text[place - 1]
        if character in _CLOSERS:
            depth += 1
        elif character in _OPENERS:
            if depth == 0:
                break
            depth -= 1
        elif depth == 0 and not _in_chain(text, place - 1):
            break
        place -= 1
    return place


def _in_chain(text: str, place: int) -> bool:
    """Whether the character at `place` may belong to a chain; `:` does in `::`, and before a Lua method's name."""
    character = text[place]
    if character == ">":
        return text[place - 1 : place] == "-"
    if character == ":":
        return ":" in (text[place - 1 : place], text[place + 1 : place + 2]) or text[place - 1 : place].isalnum()
    if character == "-":
        return text[place + 1 : place + 2] == ">"
    return character.isalnum() or character in "_$@.?!\\"


def open_calls(lines: Sequence[str]) -> Iterator[str]:
    """The functions whose argument lists are open at the end of `lines`, the innermost first."""
    text = "".join(line[-_CHAIN_CHARACTERS:] for line in lines)[-_CHAIN_CHARACTERS:]
    depth = 0
    for place in range(len(text) - 1, -1, -1):
        character = text[place]
        if character in _CLOSERS:
            depth += 1
        elif character in _OPENERS:
            if depth:
                depth -= 1
            elif character == "(":
                start = _start_of_chain(text, len(text[:place].rstrip()))
                expression = text[start:place].strip()
                if expression:
                    yield expression
            elif character == "{" and not text[:place].rstrip().endswith(("=", "(", ",", ":")):
                return  # a block, not an argument


def open_literal(lines: Sequence[str], value_expected: str) -> str | None:
    """The type of the literal whose fields are being written at the end of `lines`: `&http.Client{Timeout: 3, `.

    `value_expected`: an expression of how the text before it ends.
    """
    text = "".join(line[-_CHAIN_CHARACTERS:] for line in lines)[-_CHAIN_CHARACTERS:]
    depth = 0
    for place in range(len(text) - 1, -1, -1):
        character = text[place]
        if character in _CLOSERS:
            depth += 1
        elif character in _OPENERS and depth:
            depth -= 1
        elif character in _OPENERS:
            end = len(text[:place].rstrip())
            start = _start_of_chain(text, end)
            literal = character == "{" and start < end and _expects_value(text[:start], value_expected)
            return text[start:end].strip() if literal else None
    return None


def _expects_value(text: str, value_expected: str) -> bool:
    bare = text.rstrip(" \t&")
    return "&" in text[len(bare) :] or re.search(value_expected, bare) is not None


def type_names(text: str, words: ExpressionWords) -> Sequence[tuple[str, ...]]:
    """The types that a type's text names, in order, each as the parts of its path; carriers are left out."""
    return _short_type_names(text, words) if len(text) <= _SHORT_CHARACTERS else tuple(_type_names(text, words))


@lru_cache(_MOST_PARSED)
def _short_type_names(text: str, words: ExpressionWords) -> Sequence[tuple[str, ...]]:
    return tuple(_type_names(text, words))


def _type_names(text: str, words: ExpressionWords) -> Iterator[tuple[str, ...]]:
    text = text[:_CHAIN_CHARACTERS]
    text = re.sub(r"'[a-z_]\w*\b(?!')", "", text.strip("\"'"))  # a lifetime
    for found in _DOTTED.finditer(text):
        parts = tuple(re.split(r"\.|::|\\", found[0]))
        if parts[-1] not in words.carriers and not words.no_type.fullmatch(parts[0]):
            yield parts
