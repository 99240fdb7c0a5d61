"""The functions whose arguments are being written, and what they take: `connect(host, ▮`."""

from __future__ import annotations

from ..facts import Fact
from ..names.entities import Symbol
from .notebook import Evidence


def note(evidence: Evidence) -> None:
    for depth, call in enumerate(evidence.scope.open_calls):
        for entity in evidence.types.denoted(evidence.types.parse(call)):
            if isinstance(entity, Symbol):
                _note_called(evidence, entity, 1 / (1 + depth), call)


def _note_called(evidence: Evidence, function: Symbol, value: float, call: str) -> None:
    evidence.note(function, Fact.CALLED, value, f"called here: `{call}`")
    evidence.note_constructors(function, Fact.CALLED, value, f"called here: `{call}`")
    parameters = evidence.names.definition(function).parameters or ""
    for type in evidence.names.types_named(parameters, function.path):
        evidence.note_members(type, Fact.IN_PARAMETER, value, f"parameter of `{call}`")
