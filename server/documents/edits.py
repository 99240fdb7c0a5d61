"""What a change did to the text of a document."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .rope import Rope


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Of the text `before`, `removed` characters from the offset `start` on gave way to `text`."""

    before: Rope
    start: int
    removed: int
    text: str

    def trimmed(self) -> Edit:
        """The same without what it removes and inserts again: an editor may replace a word to make it longer, or the
        whole text to change one line."""
        if not self.removed or not self.text:
            return self
        old = self.before.text(self.before.moved((0, 0), self.start), self.removed)
        head = common_prefix(old, self.text)
        tail = common_prefix(old[head:][::-1], self.text[head:][::-1])
        text = self.text[head : len(self.text) - tail]
        return replace(self, start=self.start + head, removed=self.removed - head - tail, text=text)


def common_prefix(first: str, second: str) -> int:
    """How many characters two texts start with alike. It halves the range, since no loop over characters is fast."""
    alike, limit = 0, min(len(first), len(second))
    while alike < limit:
        middle = (alike + limit + 1) // 2
        if first[alike:middle] == second[alike:middle]:
            alike = middle
        else:
            limit = middle - 1
    return alike
