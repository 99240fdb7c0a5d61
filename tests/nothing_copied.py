"""For tests of the draft model, which drafts only where nothing is copied."""

from __future__ import annotations

from seekline import model


class NothingCopied(model.PromptLookup):
    """Finds nothing."""

    def propose(self, width: int) -> list[int]:
        return []
