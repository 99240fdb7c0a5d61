"""The types that the most promising candidates take or give: one step further, once the other kinds are noted."""

from __future__ import annotations

from collections.abc import Sequence

from ..facts import Fact
from ..names.entities import Symbol
from .notebook import Evidence

_LOOKED_INTO = 40


def note(evidence: Evidence, best: Sequence[Symbol]) -> None:
    """`best`: the most promising symbols, the best first."""
    for rank, symbol in enumerate(best[:_LOOKED_INTO]):
        definition = evidence.names.definition(symbol)
        for text in filter(None, (definition.type, definition.parameters)):
            for type in evidence.names.types_named(text, symbol.path):
                evidence.note(type, Fact.SIGNATURE, 1 - rank / _LOOKED_INTO, f"in the signature of `{definition.name}`")
