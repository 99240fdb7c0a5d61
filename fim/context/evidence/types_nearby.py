"""The types of expressions and variables around the cursor, and their members."""

from __future__ import annotations

from ..facts import Fact
from .notebook import Evidence


def note(evidence: Evidence) -> None:
    for type, (nearness, reason) in evidence.types_nearby.items():
        evidence.note(type, Fact.TYPE_NEARBY, nearness, reason)
        evidence.note_members(type, Fact.MEMBER_NEARBY, nearness, reason)
