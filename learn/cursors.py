"""Where a model is measured: cursor positions in the code of the held-out packages, the same for every model."""

from __future__ import annotations

import io
import random
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from .corpus import Document

_SEED = 7
_SHORTEST_LINE_CHARACTERS = 5
_LONGEST_LINE_CHARACTERS = 120
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A place in a document, `stratum` says of which sort, and what stands between it and the line's end.

    `start`: where a word or symbol starts. `mid`: anywhere behind three characters of code, so often inside a word.
    """

    document: Document
    stratum: str
    offset: int
    answer: str

    @property
    def end(self) -> int:
        return self.offset + len(self.answer)


def draw_cursors(documents: list[Document], number: int) -> list[Cursor]:
    """`number` cursors, at most one in a line, as many of each package, half of each stratum.

    The draws are those of the first model's evaluation, so that its figures compare.
    """
    draw = random.Random(_SEED)  # noqa: S311
    of_package: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        of_package[document.package].append(document)
    packages = sorted(of_package)
    cursors: list[Cursor] = []
    used: set[tuple[int, int]] = set()
    while len(cursors) < number:
        own = of_package[packages[len(cursors) % len(packages)]]
        # Long files as often as they have lines: files drawn evenly gave many like positions in short ones.
        document = draw.choices(own, [len(other.text) for other in own])[0]
        start = document.text.rfind("\n", 0, draw.randrange(len(document.text))) + 1
        if (id(document), start) in used or not _is_worth_it(document.text, start):
            continue
        stratum = "mid" if (len(cursors) // len(packages)) % 2 else "start"
        line = _line(document.text, start)
        if columns := list(_columns(line, stratum)):
            used.add((id(document), start))
            column = draw.choice(columns)
            cursors.append(Cursor(document=document, stratum=stratum, offset=start + column, answer=line[column:]))
    return cursors


def _line(text: str, start: int) -> str:
    end = text.find("\n", start)
    return text[start : len(text) if end < 0 else end].rstrip()


def _is_worth_it(text: str, start: int) -> bool:
    line = _line(text, start)
    return (
        len(line.strip()) >= _SHORTEST_LINE_CHARACTERS
        and len(line) <= _LONGEST_LINE_CHARACTERS
        and text.count("\n", 0, start) in _code_lines(text)
    )


def _columns(line: str, stratum: str) -> Iterator[int]:
    body = len(line) - len(line.lstrip())
    for column in range(body, len(line)):
        if stratum == "mid":
            if len(line[:column].replace(" ", "")) >= 3:
                yield column
        elif column == body or (line[column] != " " and not (_is_word(line[column]) and _is_word(line[column - 1]))):
            yield column


@cache
def _code_lines(text: str) -> frozenset[int]:
    """Numbers from 0 of the lines with code: no comments, no documentation, none within a string. Odd text has none."""
    code: set[int] = set()
    strings: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.STRING and (token.start[0] != token.end[0] or token.line.strip() == token.string):
                strings.update(range(token.start[0] - 1, token.end[0]))
            elif token.type not in _NO_CODE:
                code.add(token.start[0] - 1)
    except (tokenize.TokenError, SyntaxError):
        return frozenset()
    return frozenset(code - strings)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
