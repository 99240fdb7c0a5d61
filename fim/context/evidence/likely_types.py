"""The types of the variables around the cursor that only their use tells: the type that has the members used."""

from __future__ import annotations

from math import log

from ..facts import Fact
from ..names.entities import Symbol
from ..names.usage import Likely, likely_type
from .notebook import Evidence

# That a symbol is a member of the likely type, and how many of its members are used.
_RECEIVER = Fact.LIKELY_RECEIVER, Fact.LIKELY_RECEIVER_SHARED_MEMBERS
_NEARBY = Fact.LIKELY_TYPE_NEARBY, Fact.LIKELY_TYPE_NEARBY_SHARED_MEMBERS


def note(evidence: Evidence) -> None:
    if not evidence.definitions_nearby:
        return
    receiver = _untyped_receiver(evidence)
    for name, nearness in {**evidence.scope.words, receiver: 1.0}.items():
        is_receiver = name == receiver
        likely = _likely_type(evidence, name, is_receiver=is_receiver)
        if likely is not None:
            facts = _RECEIVER if is_receiver else _NEARBY
            _note_likely(evidence, likely, facts, nearness, f"used as `{name}` is")


def _untyped_receiver(evidence: Evidence) -> str:
    """The name before the cursor of which nothing is known; empty where there is none."""
    receiver = evidence.receiver
    chain = evidence.types.parse(receiver.expression) if receiver is not None and not receiver.entities else ()
    return chain[-1].name if chain else ""


def _likely_type(evidence: Evidence, name: str, *, is_receiver: bool) -> Likely | None:
    names = evidence.names
    if name in names.grammar.self:
        return None
    if not is_receiver and evidence.types.denoted(evidence.types.parse(name)):
        return None
    own, beside = evidence.scope.uses, evidence.neighbours.uses
    used = own.get(name, frozenset()) | beside.get(name, frozenset())
    return likely_type(used, evidence.definitions_nearby, lambda symbol: names.definition(symbol).owner)


def _note_likely(evidence: Evidence, likely: Likely, facts: tuple[Fact, Fact], nearness: float, reason: str) -> None:
    for number in evidence.names.outline(likely.path).members[likely.owner]:
        symbol = Symbol(likely.path, number)
        evidence.note(symbol, facts[0], nearness * likely.share, reason)
        evidence.note(symbol, facts[1], nearness * log(likely.alike), reason)
