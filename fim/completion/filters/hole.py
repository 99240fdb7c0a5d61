"""What a filter knows of the place that a text is for."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from ...text import Cursor, Document, split_lines, without_line_end
from ..brackets import Scanner
from ..scope import StopRule

_PROSE = frozenset(
    {
        "html",
        "jupyter-notebook",
        "literate-agda",
        "literate-haskell",
        "markdown",
        "restructuredtext",
        "rmarkdown",
        "tex",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A cursor in a document, and how far a completion goes there."""

    document: Document
    cursor: Cursor
    rule: StopRule

    @property
    def before(self) -> str:
        """The cursor's line before it; of a very long one the end."""
        return self.rule.balance.before

    @property
    def after(self) -> str:
        """The cursor's line behind it; of a very long one the start."""
        return self.rule.balance.after

    @property
    def is_code(self) -> bool:
        """Whether the cursor stands in code of a language that is known, and not in a string or comment."""
        language = self.document.language
        return language is not None and language.name not in _PROSE and self.rule.balance.is_code

    @property
    def in_string(self) -> bool:
        opened = self.rule.balance.opened
        return bool(opened) and not opened[-1].is_code and opened[-1].text[-1] in "\"'`"

    def above(self, most: int) -> list[str]:
        """Up to so many of the nearest lines above that have text, in order, without the blanks at their ends."""
        lines = self.document.lines[: self.cursor.line]
        found = list(islice((line.rstrip() for line in reversed(lines) if line.strip()), most))
        return found[::-1]

    def below(self) -> list[str]:
        """The next lines that have text, without the blanks at their ends."""
        lines = self.document.following_lines(self.cursor)
        return [without_line_end(line).rstrip() for line in lines if line.strip()]


def starts_in_code(text: str, hole: Hole) -> list[bool]:
    """Of each line of `text`, whether it starts outside the strings and comments that `text` itself opens."""
    scanner = Scanner(hole.rule.syntax, hole.rule.balance.line_opened)
    found: list[bool] = []
    depth = len(hole.rule.balance.opened)
    for number, line in enumerate(split_lines(text)):
        found.append(number == 0 or scanner.is_code or len(scanner.opened) <= depth)
        scanner.line(line if number else hole.before + line)
    return found
