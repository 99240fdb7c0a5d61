"""What is known of the object whose member is being written at the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .entities import Module, Symbol
from .types import Types


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverTypes:
    """The expression before the cursor, and the types or modules that it may be."""

    expression: str
    entities: Sequence[Symbol | Module]


def receiver_types(expression: str, types: Types) -> ReceiverTypes:
    """The types that an expression may be of; by its name where nothing else tells."""
    chain = types.parse(expression)
    modules = [entity for entity in types.denoted(chain) if isinstance(entity, Module)]
    entities = [*types.of_chain(chain), *modules]
    return ReceiverTypes(expression=expression, entities=entities or types.guess(chain))
