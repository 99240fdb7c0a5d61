"""A text that is shown at a place of a document, and how much of it stands there by now."""

from __future__ import annotations

from dataclasses import dataclass

from ..completion.completion import Completion
from ..documents.documents import Surroundings
from ..documents.edits import Edit, common_prefix
from ..documents.positions import to_column
from ..documents.rope import Rope

_LEAST_ACCEPTED = 2
_CLOSERS = frozenset(")]}>\"'`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What an edit put into the document of a candidate's text: its characters from `begin` to `end`."""

    begin: int
    end: int

    @property
    def characters(self) -> int:
        return self.end - self.begin


class Candidate:
    """`text` goes to the offset `start`, where it takes the place of `removed` characters. It is what is new in
    `shown`, which the editor is told, with the line ends of the document."""

    def __init__(self, text: str, *, start: int, removed: int = 0, shown: str | None = None, skipped: int = 0) -> None:
        self.text = text
        self.start = start
        self._shown = text if shown is None else shown
        self._skipped = skipped
        self.progress = 0
        """So many characters of the text stand there already."""
        self._removed = removed

    @property
    def is_whole(self) -> bool:
        return self.progress == len(self.text)

    def goes_on_as(self, other: Candidate) -> bool:
        """Whether another candidate is what is left of this one; then it ends as that does: a bracket that the editor
        has closed meanwhile is not shown any more."""
        rest = self.text[self.progress :]
        closed = rest[len(other.text) :]
        if self.start + self.progress != other.start or rest != other.text + closed or not _CLOSERS.issuperset(closed):
            return False
        self.text = self.text[: self.progress] + other.text
        self._removed = other._removed
        return True

    def characters(self, shown_units: int) -> int:
        """How many characters of the text so many UTF-16 units of what is shown have."""
        head = self._shown[: to_column(self._shown, shown_units, "utf-16")]
        return max(0, len(_with_line_ends(head, "\r\n" if "\r\n" in self.text else "\n")) - self._skipped)

    def catch_up(self, before: Rope, now: Rope) -> None:
        """Takes note of what was typed along while the completion was made for the text `before`."""
        typed = now.characters - before.characters
        if 0 < typed <= len(self.text) and now.text(now.moved((0, 0), self.start), typed) == self.text[:typed]:
            self.progress = typed

    def follow(self, edit: Edit) -> Gain | None:
        """Takes note of an edit; None where the text cannot be shown there any more."""
        removed_end = edit.start + edit.removed
        here = self.start + self.progress
        if edit.start > here:
            return self._nothing()
        if removed_end < self.start:
            self.start += len(edit.text) - edit.removed
            return self._nothing()
        if edit.start < self.start or removed_end > here + self._removed:
            return None
        kept_behind = self.text[removed_end - self.start : self.progress]
        standing = self.text[: edit.start - self.start] + edit.text + kept_behind
        begin, end = self.progress, common_prefix(standing, self.text)
        # An editor closes a bracket that is typed: what it adds is no disagreement.
        if (edit.text and end <= begin) or not _CLOSERS.issuperset(standing[end:]):
            return None
        self._removed -= max(0, removed_end - here)
        self.progress = end
        return Gain(begin=min(begin, end), end=end)

    def looks_accepted(self, gain: Gain) -> bool:
        """Whether an editor rather than a typist did it: two characters or more at once, to the end of the text, or
        of one whole word or several.

        One character is a key. An editor may tell of a few keys together, but seldom of just a whole word's.
        """
        if gain.characters < _LEAST_ACCEPTED:
            return False
        return self.is_whole or (self._is_boundary(gain.begin) and self._is_boundary(gain.end))

    def _nothing(self) -> Gain:
        return Gain(begin=self.progress, end=self.progress)

    def _is_boundary(self, offset: int) -> bool:
        around = self.text[max(0, offset - 1) : offset + 1]
        return offset == 0 or not all(character.isalnum() or character == "_" for character in around)


def candidate_of(completion: Completion, around: Surroundings) -> Candidate | None:
    """The candidate that an editor shows for a completion at a cursor; None where it would change nothing."""
    if completion.text is None:
        return None
    before, behind = completion.replaced
    start = around.offset - before
    text = _with_line_ends(completion.text, around.line_end)  # editors insert the document's own
    edit = Edit(before=around.rope, start=start, removed=before + behind, text=text).trimmed()
    if not edit.text:
        return None
    skipped = edit.start - start
    return Candidate(edit.text, start=edit.start, removed=edit.removed, shown=completion.text, skipped=skipped)


def _with_line_ends(text: str, end: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", end)
