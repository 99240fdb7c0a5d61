"""For tests of drafts: who drafts, and that a busy machine has no say in it."""

from __future__ import annotations

from seekline import model


class NothingCopied(model.PromptLookup):
    """Leaves the drafts to the draft model."""

    def propose(self, most: int) -> list[int]:
        return []


class FixedCosts(model.DraftLength):
    """Believes the costs that it was given."""

    def took(self, length: int, ms: float) -> None:
        pass
