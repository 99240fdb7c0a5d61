"""What the document imports by name; what it has not used yet is likeliest to come."""

from __future__ import annotations

from ...code import Import
from ..names.entities import Module, Symbol
from ..traits import traits_of
from .notebook import Evidence


def note(evidence: Evidence) -> None:
    for item in evidence.scope.outline.imports:
        if item.name != "*":
            _note_import(evidence, item)


def _note_import(evidence: Evidence, item: Import) -> None:
    unused = evidence.scope.counts.get(item.alias, 0) <= 1
    fact = "unused" if unused else "imported"
    reason = f"imported as `{item.alias}`" + (" and not used yet" if unused else "")
    for entity in evidence.names.imported(item, evidence.names.path):
        if isinstance(entity, Module):
            evidence.note_module(entity, f"in {fact} module", 1.0, reason)
            continue
        evidence.note(entity, fact, 1.0, reason)
        evidence.note_constructors(entity, f"constructor of {fact}", 1.0, reason)
        if evidence.names.definition(entity).kind in ("class", "type"):
            evidence.note_members(entity, f"member of {fact}", 1.0, reason)
            _note_static_members(evidence, entity, f"static of {fact}", reason)


def _note_static_members(evidence: Evidence, type: Symbol, fact: str, reason: str) -> None:
    """Members that are used by the type's own name."""
    for member in evidence.names.members(type)[0]:
        if traits_of(member, evidence.names).static:
            evidence.note(member, fact, 1.0, reason)
