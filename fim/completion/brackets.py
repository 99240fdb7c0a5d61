"""Which brackets, strings and comments are open: a scan of a text line by line, by the syntax of its language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..text import indentation
from .syntax import OPENERS, Literal, Syntax

_TAB_COLUMNS = 8
_OPERATORS = ("&&", "||", " and", " or", "\\")  # what stands between lines of one statement
_LOOKED_AT = 20  # characters before a slash
_BEFORE_VALUE = "=(,:[!&|?{;~+"
_WORD_BEFORE_VALUE = re.compile(r"(?:\b(?:return|case|typeof|when|if|unless|and|or|not)|=>)\Z")
_MOST_SKIPPED = 3  # brackets that a closer may end with its own: more are likelier a closer too many


def columns(line: str) -> int:
    """How far a line is indented."""
    return len(indentation(line).expandtabs(_TAB_COLUMNS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A bracket, string or comment that is open: `text` starts it. `columns`: the indentation of the line on which its
    statement starts. `literal`: how a string or comment ends, or `end`, the text that ends it; of code, neither."""

    text: str
    columns: int
    literal: Literal | None = None
    end: str = ""
    is_heredoc: bool = False

    @property
    def is_code(self) -> bool:
        return self.literal is None and not self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Something that ended at an offset of a line: with it, all that was open beyond `depth`, and `skipped` of that had
    no end of its own; `opened` is None where nothing was open for it."""

    text: str
    offset: int
    depth: int
    opened: Opened | None
    skipped: int = 0


class Scanner:
    """What is open after the lines so far, the innermost last."""

    def __init__(self, syntax: Syntax, opened: Iterable[Opened] = ()) -> None:
        self.syntax = syntax
        self.opened = list(opened)
        self.in_comment = False
        """Whether the latest line ends in a comment that ends with it."""
        self._heredocs: list[str] = []
        self._conditions: list[list[Opened]] = []
        self._skipping = 0
        self._goes_on = False
        self._start = 0
        self.columns = 0
        """The indentation of the line on which the statement of the latest line starts."""

    @property
    def is_code(self) -> bool:
        """Whether the next line starts neither in a string nor in a comment."""
        return not self.opened or self.opened[-1].is_code

    def line(self, text: str) -> list[Closed]:
        """Goes on by a line or, without its end, by the start of one. The result is what ended in it, in order."""
        closed: list[Closed] = []
        own = columns(text)
        self.columns = min(own, self.columns) if self._goes_on or text.lstrip().startswith(_OPERATORS) else own
        self.in_comment = False
        self._start = len(text) - len(text.lstrip())
        offset = 0
        while offset < len(text):
            top = self.opened[-1] if self.opened else None
            if top is None or top.is_code:
                offset = self._code(text, offset, closed)
            else:
                offset = self._literal(top, text, offset, closed)
        self._end_line(text)
        return closed

    def _code(self, text: str, offset: int, closed: list[Closed]) -> int:
        mark = self.syntax.mark.search(text, offset)
        if mark is None:
            return len(text)
        place = mark.start()
        found = self.syntax.code.match(text, place)
        if found is None:
            return place + 1
        kind = found.lastgroup or ""
        if kind == "condition":
            if place == self._start:
                self._condition(found["word"])
        elif self._skipping:
            pass
        elif kind == "open":
            self._open(found[0])
        elif kind == "close":
            self._close(found[0], place, closed)
        elif kind == "literal":
            self._open(found[0], literal=self.syntax.literals[found[0]])
        elif kind == "comment":
            self.in_comment = True
            return len(text)
        elif kind == "expression":
            return found.end() if self._expects_value(text, place) else place + 1
        elif kind == "heredoc":
            self._heredocs.append(found[found.re.groupindex[kind] + 1])
        elif kind.startswith("fence"):
            number, inner = int(kind[5:]), found[found.re.groupindex[kind] + 1]
            self._open(found[0], end=self.syntax.fences[number][1].replace("{0}", inner))
        return found.end()

    def _expects_value(self, text: str, place: int) -> bool:
        """Whether a value may stand there: then, a slash does not divide."""
        before = text[max(0, place - _LOOKED_AT) : place]
        if self.syntax.spaced_expressions and before.endswith(" ") and text[place + 1] not in " =":
            return True
        before = before.rstrip()
        return not before or before[-1] in _BEFORE_VALUE or _WORD_BEFORE_VALUE.search(before) is not None

    def _literal(self, top: Opened, text: str, offset: int, closed: list[Closed]) -> int:
        if top.is_heredoc:
            return self._heredoc(top, text, offset, closed)
        if top.literal is None:
            place = text.find(top.end, offset)
            if place < 0:
                return len(text)
            self._closes(top.end, place, closed)
            return place + len(top.end)
        found = top.literal.end.search(text, offset)
        if found is None:
            return len(text)
        if found.lastgroup == "end":
            self._closes(found[0], found.start(), closed)
        elif found.lastgroup == "nested":
            self.opened.append(top)
        elif found.lastgroup == "code":
            self._open(found[0][-1])
        return found.end()

    def _heredoc(self, top: Opened, text: str, offset: int, closed: list[Closed]) -> int:
        start = len(indentation(text))
        behind = text[start + len(top.end) : start + len(top.end) + 1]
        if offset or not text.startswith(top.end, start) or behind.isalnum() or behind == "_":
            return len(text)
        self._closes(top.end, start, closed)
        return start + len(top.end)

    def _open(self, text: str, *, literal: Literal | None = None, end: str = "") -> None:
        self.opened.append(Opened(text=text, columns=self.columns, literal=literal, end=end))

    def _close(self, text: str, offset: int, closed: list[Closed]) -> None:
        """Ends the innermost bracket of its kind, if it is near enough; else it is a closer too many."""
        wanted = OPENERS[text]
        for depth in range(len(self.opened) - 1, max(-1, len(self.opened) - 1 - _MOST_SKIPPED), -1):
            if not self.opened[depth].is_code:
                break
            if self.opened[depth].text == wanted:
                self._closes(text, offset, closed, depth)
                return
        closed.append(Closed(text=text, offset=offset, depth=len(self.opened), opened=None))

    def _closes(self, text: str, offset: int, closed: list[Closed], depth: int = -1) -> None:
        depth %= len(self.opened)
        opened = self.opened[depth]
        skipped = len(self.opened) - depth - 1
        del self.opened[depth:]
        self.columns = min(self.columns, opened.columns)
        closed.append(Closed(text=text, offset=offset, depth=depth, opened=opened, skipped=skipped))

    def _condition(self, word: str) -> None:
        """Of texts to choose between, each starts with what is open before the first; behind them, the last counts."""
        if word == "if":
            if self._skipping:
                self._skipping += 1
            else:
                self._conditions.append(list(self.opened))
        elif word == "endif":
            if self._skipping:
                self._skipping -= 1
            elif self._conditions:
                self._conditions.pop()
        elif self._conditions and not self._skipping:
            self.opened = list(self._conditions[-1])
        elif not self._skipping:
            self._skipping = 1  # the text above it was chosen

    def _end_line(self, text: str) -> None:
        if text.strip():
            self._goes_on = text.rstrip().endswith(_OPERATORS)
        if not text.endswith(("\n", "\r")):
            return
        while self.opened and (literal := self.opened[-1].literal) is not None and not literal.lines:
            if text.rstrip("\r\n").endswith("\\"):
                break
            self.opened.pop()
        for word in self._heredocs:
            self.opened.append(Opened(text="<<", columns=self.columns, end=word, is_heredoc=True))
        self._heredocs.clear()
