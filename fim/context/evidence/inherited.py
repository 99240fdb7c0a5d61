"""The members of the type that the cursor is in, and of its bases."""

from __future__ import annotations

from ..facts import Fact
from .notebook import Evidence


def note(evidence: Evidence) -> None:
    own = evidence.types.self_type
    if own is None:
        return
    for text, bases in evidence.names.bases(own):
        for base in bases[:1]:
            evidence.note(base, Fact.BASE, 1.0, f"base `{text}`")
            evidence.note_members(base, Fact.INHERITED, 1.0, f"inherited from `{text}`")
    evidence.note_members(own, Fact.OWN_MEMBER, 1.0, "member of the same type")
