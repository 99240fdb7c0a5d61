"""The types of the variables around the cursor, remembered for the kinds that follow."""

from __future__ import annotations

from .notebook import Evidence


def note(evidence: Evidence) -> None:
    for name, nearness in evidence.scope.words.items():
        for type in evidence.types.of_chain(evidence.types.parse(name)):
            evidence.remember_type(type, nearness, f"type of `{name}`")
