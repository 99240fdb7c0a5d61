"""The members of the object before the cursor: `client.▮`."""

from __future__ import annotations

from ..facts import Fact
from ..names.entities import Module
from .notebook import Evidence


def note(evidence: Evidence) -> None:
    if evidence.receiver is None:
        return
    expression = evidence.receiver.expression
    for entity in evidence.receiver.entities:
        if isinstance(entity, Module):
            evidence.note_module(entity, Fact.RECEIVER, 1.0, f"in module `{expression}`")
        else:
            evidence.note_members(entity, Fact.RECEIVER, 1.0, f"type of receiver `{expression}`")
            evidence.note(entity, Fact.TYPE_OF_RECEIVER, 1.0, f"type of receiver `{expression}`")
