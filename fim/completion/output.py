"""What a model writes at one place: after every piece whether it is complete, and at the end what of it is shown."""

from __future__ import annotations

from dataclasses import replace

from ..text import Cursor, Document, with_newlines
from .filters import ENDED, MEETING, WRITTEN, Hole, filtered, with_own_line_ends
from .filters.beyond_closers import beyond_closers
from .filters.lines_above import may_be_above
from .loops import loops
from .scope import StopRule
from .shown import Shown
from .stop import Stopping
from .whole_tokens import whole_tokens


class Output:
    """The text of a model for the hole at `cursor`."""

    def __init__(self, document: Document, cursor: Cursor, rule: StopRule) -> None:
        self.is_complete = False
        """Whether nothing that the model goes on with would be shown."""
        self._hole = Hole(document=document, cursor=cursor, rule=rule)
        self._written = ""
        self._stopping = Stopping(rule)
        self._seen = ""  # by the stop rule: whole lines

    def add(self, piece: str) -> bool:
        """Goes on by a piece of text. The result is `is_complete`."""
        self._written += piece
        if "\n" in piece:
            self._add_lines()
        elif loops(self._written[self._written.rfind("\n") + 1 :], self._hole.rule.around):
            self.is_complete = True
        return self.is_complete

    def _add_lines(self) -> None:
        lines = with_newlines(self._written[: self._written.rfind("\n") + 1])
        if may_be_above(lines, self._hole):
            return
        text = filtered(lines, WRITTEN, self._hole)
        if not text.startswith(self._seen):
            self._seen = ""
            self._stopping = Stopping(self._hole.rule)
        elif text == self._seen and text.strip() and not lines.endswith(text):  # nothing of the latest line stays
            self.is_complete = True
        self._stopping.add(text[len(self._seen) :])
        self._seen = text
        self.is_complete = self.is_complete or self._stopping.end is not None

    def shown(self, *, is_cut: bool = False) -> Shown | None:
        """What is shown of it; None where that is nothing. `is_cut`: whether its time or tokens ran out."""
        hole = self._hole
        text = filtered(with_newlines(self._written), WRITTEN, hole)
        if is_cut and not self.is_complete:
            text = whole_tokens(text, hole.rule)
        stopping = Stopping(hole.rule)
        stopping.add(text)
        end = stopping.finish()
        shown = beyond_closers(text, end, hole) if stopping.meets_after else None
        if shown is None:
            text = text[:end]
            shown = Shown(text=filtered(text, MEETING if stopping.meets_after else ENDED, hole))
        if not shown.text.strip():
            return None
        return replace(shown, text=with_own_line_ends(shown.text, hole))
