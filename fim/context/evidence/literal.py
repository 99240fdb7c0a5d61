"""The fields of the type whose literal is being written: `Client{host: x, ▮`."""

from __future__ import annotations

from ..facts import Fact
from .notebook import Evidence


def note(evidence: Evidence) -> None:
    literal = evidence.scope.literal
    if literal is None:
        return
    definition_of = evidence.names.definition
    for type in evidence.types.of_chain(evidence.types.parse(literal)):
        members = evidence.names.members(type)[0]
        fields = [member for member in members if definition_of(member).kind == "field"]
        evidence.note_group(fields, Fact.IN_LITERAL, 1.0, f"field of `{literal}`")
