"""What the files around define under names that the document or its neighbours use, where no import, type or package
leads to it."""

from __future__ import annotations

from math import log

from ..facts import Fact
from ..names.entities import Symbol
from .notebook import Evidence


def note(evidence: Evidence) -> None:
    if not evidence.definitions_nearby:
        return
    meant = _names_meant(evidence)
    for name, symbols in evidence.definitions_nearby.items():
        for symbol in symbols:
            is_member = evidence.names.definition(symbol).owner is not None
            if is_member or name not in meant:
                _note_defined(evidence, symbol, len(symbols), f"`{name}` is used here or nearby", is_member=is_member)


def _names_meant(evidence: Evidence) -> set[str]:
    """The names of what the code around the cursor means for sure: others of these names are not looked for."""
    named = [symbol for symbol, facts in evidence.facts.items() if Fact.NAMED in facts]
    return {evidence.names.definition(symbol).name for symbol in named}


def _note_defined(evidence: Evidence, symbol: Symbol, group_size: int, reason: str, *, is_member: bool) -> None:
    evidence.note(symbol, Fact.DEFINED_NEARBY, 1.0, reason)
    evidence.note(symbol, Fact.DEFINED_NEARBY_GROUP_SIZE, log(1 + group_size), reason)
    is_wanted = evidence.receiver is not None and not evidence.receiver.entities
    if is_wanted and is_member:
        evidence.note(symbol, Fact.DEFINED_NEARBY_MEMBER_WANTED, 1.0, reason)
    if "*" not in evidence.names.grammar.roots and not is_member:
        evidence.note(symbol, Fact.DEFINED_NEARBY_NOT_IMPORTED, 1.0, reason)
