"""What the document imports by name; what it has not used yet is likeliest to come."""

from __future__ import annotations

from dataclasses import dataclass

from ...code import Import
from ..facts import Fact
from ..names.entities import Module, Symbol
from ..traits import traits_of
from .notebook import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """The facts of what an import binds."""

    itself: Fact
    in_module: Fact
    constructor: Fact
    member: Fact
    static: Fact


_UNUSED = _Facts(
    itself=Fact.UNUSED,
    in_module=Fact.IN_UNUSED_MODULE,
    constructor=Fact.CONSTRUCTOR_OF_UNUSED,
    member=Fact.MEMBER_OF_UNUSED,
    static=Fact.STATIC_OF_UNUSED,
)
_USED = _Facts(
    itself=Fact.IMPORTED,
    in_module=Fact.IN_IMPORTED_MODULE,
    constructor=Fact.CONSTRUCTOR_OF_IMPORTED,
    member=Fact.MEMBER_OF_IMPORTED,
    static=Fact.STATIC_OF_IMPORTED,
)


def note(evidence: Evidence) -> None:
    for item in evidence.scope.outline.imports:
        if item.name != "*":
            _note_import(evidence, item)


def _note_import(evidence: Evidence, item: Import) -> None:
    unused = evidence.scope.counts.get(item.alias, 0) <= 1
    facts = _UNUSED if unused else _USED
    reason = f"imported as `{item.alias}`" + (" and not used yet" if unused else "")
    for entity in evidence.names.imported(item, evidence.names.path):
        if isinstance(entity, Module):
            evidence.note_module(entity, facts.in_module, 1.0, reason)
            continue
        evidence.note(entity, facts.itself, 1.0, reason)
        evidence.note_constructors(entity, facts.constructor, 1.0, reason)
        if evidence.names.definition(entity).kind in ("class", "type"):
            evidence.note_members(entity, facts.member, 1.0, reason)
            _note_static_members(evidence, entity, facts.static, reason)


def _note_static_members(evidence: Evidence, type: Symbol, fact: Fact, reason: str) -> None:
    """Members that are used by the type's own name."""
    for member in evidence.names.members(type)[0]:
        if traits_of(member, evidence.names).static:
            evidence.note(member, fact, 1.0, reason)
