"""What the expressions around the cursor name; their types and modules are remembered for the kinds that follow."""

from __future__ import annotations

from ..facts import Fact
from ..names.chains import Chain
from ..names.entities import Module
from .notebook import Evidence


def note(evidence: Evidence) -> None:
    for text, nearness in evidence.scope.chains.items():
        chain = evidence.types.parse(text)
        for end in range(len(chain), 0, -1):
            _note_named(evidence, chain[:end], nearness, text)


def _note_named(evidence: Evidence, chain: Chain, nearness: float, text: str) -> None:
    for entity in evidence.types.denoted(chain):
        if isinstance(entity, Module):
            evidence.remember_module(entity, nearness)
            continue
        evidence.note(entity, Fact.NAMED, nearness, f"named nearby: `{text}`")
        evidence.note_constructors(entity, Fact.CONSTRUCTOR_NAMED, nearness, f"named nearby: `{text}`")
        for type in evidence.types.value_of(entity, chain[-1]):
            evidence.remember_type(type, nearness, f"type of `{text}`")
