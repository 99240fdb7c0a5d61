"""The types of the variables around the cursor that only their use tells: the type that has the members used."""

from __future__ import annotations

from math import log

from ..names.chains import parse_chain
from ..names.entities import Symbol
from ..names.usage import Likely, likely_type
from .notebook import Evidence


def note(evidence: Evidence) -> None:
    if not evidence.definitions_nearby:
        return
    receiver = _untyped_receiver(evidence)
    for name, nearness in {**evidence.scope.words, receiver: 1.0}.items():
        is_receiver = name == receiver
        likely = _likely_type(evidence, name, is_receiver=is_receiver)
        if likely is not None:
            fact = "likely receiver" if is_receiver else "likely type nearby"
            _note_likely(evidence, likely, fact, nearness, f"used as `{name}` is")


def _untyped_receiver(evidence: Evidence) -> str:
    """The name before the cursor of which nothing is known; empty where there is none."""
    receiver = evidence.receiver
    chain = parse_chain(receiver.expression) if receiver is not None and not receiver.entities else ()
    return chain[-1].name if chain else ""


def _likely_type(evidence: Evidence, name: str, *, is_receiver: bool) -> Likely | None:
    names = evidence.names
    if name in names.grammar.self:
        return None
    if not is_receiver and evidence.types.denoted(parse_chain(name)):
        return None
    own, beside = evidence.scope.uses, evidence.neighbours.uses
    used = own.get(name, frozenset()) | beside.get(name, frozenset())
    return likely_type(used, evidence.definitions_nearby, lambda symbol: names.definition(symbol).owner)


def _note_likely(evidence: Evidence, likely: Likely, fact: str, nearness: float, reason: str) -> None:
    for number in evidence.names.outline(likely.path).members[likely.owner]:
        symbol = Symbol(likely.path, number)
        evidence.note(symbol, fact, nearness * likely.share, reason)
        evidence.note(symbol, f"{fact}: alike", nearness * log(likely.alike), reason)
