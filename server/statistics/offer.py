"""One completion that an editor shows, in one wording or in several to choose from, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from ..documents.edits import Edit
from ..documents.marks import Mark
from .candidate import Candidate, Gain
from .rows import CompletionRow, Outcome


class Offer:
    """`candidates`: what the user may choose from. `at`: seconds since 1970."""

    def __init__(self, candidates: Sequence[Candidate], *, uri: str, language: str, kind: str, at: int) -> None:
        self.id = uuid4().hex
        self.uri = uri
        self.is_told_as_shown = False
        self.kept_30_s: int | None = None
        self.kept_5_min: int | None = None
        self.accepted = Mark()
        self._candidates = dict(enumerate(candidates))
        self._language = language
        self._kind = kind
        self._at = at
        self._accepted: set[int] = set()  # which characters of the text, whose place is known
        self._claimed = 0  # so many characters of the text the editor called accepted
        self._has_ended_whole = False
        self._is_contradicted = False
        self._typed = Mark()  # the last that came and does not look accepted; the editor may say that it was
        self._typed_gain: Gain | None = None
        self._progress = 0
        self._offered_from = 0  # what was shown last begins there
        self._shown_last = candidates[0]

    @property
    def _length(self) -> int:
        return max((len(candidate.text) for candidate in self._candidates.values()), default=0)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be shown."""
        return self._has_ended_whole or self._is_contradicted

    @property
    def accepted_characters(self) -> int:
        return len(self._accepted) or self._claimed

    def goes_on_as(self, candidates: Sequence[Candidate]) -> bool:
        """Whether these are what is left of it, once some of it is typed; then it is the same completion still."""
        first = next(iter(self._candidates.values()), None)
        if first is None or not candidates or not first.goes_on_as(candidates[0]):
            return False
        self._offered_from, self._shown_last = first.progress, candidates[0]
        return True

    def follow(self, edit: Edit, *, infers_whole: bool, infers_parts: bool) -> bool:
        """Takes note of an edit; whether some of the text was accepted by it.

        `infers_whole`, `infers_parts`: whether an acceptance of all or of a part shows in the edit alone, since the
        editor does not tell of it.
        """
        gains = {key: candidate.follow(edit) for key, candidate in self._candidates.items()}
        standing = {key: gain for key, gain in gains.items() if gain is not None}
        if not standing:
            self._is_contradicted = True
            return False
        self._candidates = {key: self._candidates[key] for key in standing}
        best = max(standing, key=lambda key: standing[key].end)
        candidate, gain = self._candidates[best], standing[best]
        self._progress = candidate.progress
        if not gain.characters:
            return False
        self._has_ended_whole = candidate.is_whole
        infers = infers_whole if candidate.is_whole else infers_parts
        came = Mark()
        came.add(candidate.start + gain.begin, gain.characters)
        if gain.end <= self._claimed or (infers and candidate.looks_accepted(gain)):
            self._accept(came, gain)
            return True
        self._typed, self._typed_gain = came, gain
        return False

    def follow_accepted(self, edit: Edit) -> None:
        """Takes note of an edit for what was accepted before."""
        self.accepted.follow(edit)
        self._typed.follow(edit)

    def claim(self, shown_units: int | None) -> bool:
        """The editor says that so many UTF-16 units of what it showed last are accepted, all of them where None;
        whether they stand in the document. It may say so before its edit or after it."""
        if shown_units is not None:
            reached = min(self._length, self._offered_from + self._shown_last.characters(shown_units))
        else:
            reached = self._progress if self._has_ended_whole else self._length
        self._claimed = max(self._claimed, reached)
        if self._typed_gain is None or self._typed_gain.end != self._claimed:
            return False
        self._accept(self._typed, self._typed_gain)
        self._typed, self._typed_gain = Mark(), None
        return True

    @property
    def outcome(self) -> Outcome:
        if self.accepted_characters:
            return "accepted" if self._has_ended_whole or self._claimed == self._length else "partly"
        if self._has_ended_whole or (self._progress and not self._is_contradicted):
            return "typed"
        return "rejected"

    @property
    def row(self) -> CompletionRow:
        return CompletionRow(
            id=self.id,
            at=self._at,
            language=self._language,
            kind=self._kind,
            outcome=self.outcome,
            accepted_characters=self.accepted_characters,
            kept_30_s=self.kept_30_s,
            kept_5_min=self.kept_5_min,
        )

    @property
    def has_accepted(self) -> bool:
        """Whether characters of it were accepted whose place is known."""
        return bool(self._accepted)

    def _accept(self, mark: Mark, gain: Gain) -> None:
        self.accepted.take_over(mark)
        self._accepted.update(range(gain.begin, gain.end))
        self.kept_30_s = self.kept_5_min = None
