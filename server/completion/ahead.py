"""Where the next completion is likely asked for, so that it can be there already."""

from __future__ import annotations

from ... import fim
from ..documents.documents import Surroundings
from .completion import Completion


def next_place(around: Surroundings, language: fim.Language | None, shown: Completion) -> Surroundings | None:
    """The cursor once a completion is accepted; where there is nothing left to say on its line, at the start of the
    next one, as editors indent it. None where neither can be told."""
    text = shown.text
    if text is None:
        return None
    accepted = around.inserted(text, replacing=shown.replaced)
    if accepted is None or fim.worth_asking(accepted.before, accepted.after, is_first_text=False):
        return accepted
    if accepted.after.strip():
        return None
    return accepted.inserted(around.line_end + fim.next_indentation(accepted.before, language))
