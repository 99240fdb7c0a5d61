"""What is known of the object whose member is being written at the cursor."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from ..evidence.evidence import Evidence
from .chains import parse_chain
from .entities import Module, Symbol
from .members import Names

_MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member that an expression has: its name, its signature in one line, and the type or module it comes from."""

    name: str
    signature: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """An expression before the cursor, such as `client` in `client.ge`, and its members, those of bases included.

    `written`: what stands of the member already. `complete`: it has no other members, so a name that is not among
    them does not exist (what guided decoding needs: Agrawal et al., NeurIPS 2023, arXiv:2306.10763).
    """

    expression: str
    written: str
    members: tuple[Member, ...]
    complete: bool


def receiver_of(evidence: Evidence) -> Receiver | None:
    """The receiver at the cursor; None where no member is being written or nothing is known of its type."""
    if evidence.receiver is None or not evidence.receiver[2]:
        return None
    expression, written, entities = evidence.receiver
    names = evidence.names
    members: dict[str, Member] = {}
    for entity in entities:
        symbols = names.contents(entity) if isinstance(entity, Module) else names.members(entity)[0]
        for symbol in islice(symbols, _MOST):
            definition = names.definition(symbol)
            owner = definition.owner or expression
            member = Member(name=definition.name, signature=_signature(names, symbol), owner=owner)
            members.setdefault(member.name, member)
    # Of several types that a union or an overload may give, any member exists, but none surely.
    complete = (
        len(entities) == 1
        and len(members) < _MOST
        and isinstance(entities[0], Symbol)
        and names.members(entities[0])[1]
    )
    chain = parse_chain(expression)  # a type that is told by nothing but a variable's name is a guess
    complete = complete and bool(evidence.types.of_chain(chain) or evidence.types.denoted(chain))
    return Receiver(expression=expression, written=written, members=tuple(members.values()), complete=complete)


def _signature(names: Names, symbol: Symbol) -> str:
    first, end = names.definition(symbol).head
    document = names.document(symbol.path)
    return " ".join(line.strip() for line in document.lines[first:end]) if document else ""
