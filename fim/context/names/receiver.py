"""What is known of the object whose member is being written at the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from .entities import Entity, Module, Symbol
from .members import Names
from .types import Types

_MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverTypes:
    """The expression before the cursor, what is written of its member, and the types or modules that it may be."""

    expression: str
    written: str
    entities: Sequence[Symbol | Module]


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


def receiver_types(found: tuple[str, str] | None, types: Types) -> ReceiverTypes | None:
    """The types of an expression, `found` with what is written of its member; by its name where nothing else tells."""
    if found is None:
        return None
    expression, written = found
    chain = types.parse(expression)
    modules = [entity for entity in types.denoted(chain) if isinstance(entity, Module)]
    entities = [*types.of_chain(chain), *modules]
    return ReceiverTypes(expression=expression, written=written, entities=entities or types.guess(chain))


def receiver_of(found: ReceiverTypes | None, types: Types) -> Receiver | None:
    """The receiver and its members; None where no member is being written or nothing is known of its type."""
    if found is None or not found.entities:
        return None
    names = types.names
    members: dict[str, Member] = {}
    for entity in found.entities:
        for symbol in islice(_contents(entity, names), _MOST):
            definition = names.definition(symbol)
            owner = definition.owner or found.expression
            member = Member(name=definition.name, signature=_signature(names, symbol), owner=owner)
            members.setdefault(member.name, member)
    complete = len(members) < _MOST and _are_all(found, types)
    return Receiver(
        expression=found.expression, written=found.written, members=tuple(members.values()), complete=complete
    )


def _contents(entity: Entity, names: Names) -> Iterable[Symbol]:
    return names.contents(entity) if isinstance(entity, Module) else names.members(entity)[0]


def _are_all(found: ReceiverTypes, types: Types) -> bool:
    """Whether the members known are all that there are."""
    # Of several types that a union or an overload may give, any member exists, but none surely.
    if len(found.entities) != 1:
        return False
    entity = found.entities[0]
    if isinstance(entity, Module) or not types.names.members(entity)[1]:
        return False
    chain = types.parse(found.expression)  # a type that nothing but a variable's name tells is a guess
    return bool(types.of_chain(chain) or types.denoted(chain))


def _signature(names: Names, symbol: Symbol) -> str:
    first, end = names.definition(symbol).head
    document = names.document(symbol.path)
    return " ".join(line.strip() for line in document.lines[first:end]) if document else ""
