"""What a completion changes in the editor's document, in the columns of the cursor's line."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lsprotocol import types as lsp

from ..completion.completion import Completion
from ..completion.snapshot import OpenSnapshot
from ..documents.documents import Surroundings
from ..documents.positions import Encoding, to_column, to_units


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEdit:
    """`text` takes the place of what stands between two columns. `typed`: what of that stands before the cursor."""

    start: int
    end: int
    text: str
    typed: str

    def range(self, around: Surroundings, line: int, encoding: Encoding) -> lsp.Range:
        """`line`: the cursor's, in the client's document."""
        whole = around.before + around.after
        start, end = to_units(whole, self.start, encoding), to_units(whole, self.end, encoding)
        return lsp.Range(lsp.Position(line, start), lsp.Position(line, end))


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The entry of the editor's menu that is selected: accepted, its text stands between two columns."""

    start: int
    end: int
    text: str

    def accepted_in(self, snapshot: OpenSnapshot) -> OpenSnapshot | None:
        """The snapshot as if it were accepted, the cursor behind it; None where the line is too long by then."""
        cursor = len(snapshot.around.before)
        around = snapshot.around.inserted(self.text, replacing=(cursor - self.start, self.end - cursor))
        return None if around is None else replace(snapshot, around=around)


def selected(params: lsp.InlineCompletionParams, around: Surroundings, encoding: Encoding) -> Selected | None:
    """The selected entry, if there is one, and it is on the cursor's line and around the cursor."""
    info, line = params.context.selected_completion_info, params.position.line
    if info is None or not info.range.start.line == info.range.end.line == line or len(info.text.splitlines()) > 1:
        return None
    whole = around.before + around.after
    start = to_column(whole, info.range.start.character, encoding)
    end = to_column(whole, info.range.end.character, encoding)
    return Selected(start=start, end=end, text=info.text) if start <= len(around.before) <= end else None


def edit(completion: Completion, around: Surroundings) -> LineEdit:
    """The edit of a completion that has a text."""
    cursor = len(around.before)
    back, ahead = completion.replaced
    start = cursor - back
    return LineEdit(start=start, end=cursor + ahead, text=completion.text or "", typed=around.before[start:])


def edit_behind(menu: Selected, completion: Completion, around: Surroundings) -> LineEdit | None:
    """The edit of a completion that goes on behind the selected entry, the entry included: editors show nothing that
    does not start with it. None where the completion changes it."""
    back, ahead = completion.replaced
    text = menu.text[: len(menu.text) - back] + (completion.text or "")
    if back > len(menu.text) or not text.startswith(menu.text):
        return None
    return LineEdit(start=menu.start, end=menu.end + ahead, text=text, typed=around.before[menu.start :])


def from_column(edit: LineEdit, column: int, around: Surroundings) -> LineEdit:
    """The same edit, beginning at an earlier column with what stands there."""
    if column >= edit.start:
        return edit
    kept = around.before[column : edit.start]
    return replace(edit, start=column, text=kept + edit.text, typed=around.before[column:])
