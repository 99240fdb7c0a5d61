"""The notebook that all kinds of evidence share: facts about symbols, and why each is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import islice
from math import log

from ..facts import GROUP_SIZE, Fact
from ..names.entities import Module, Symbol
from ..names.members import Names
from ..names.nearby_definitions import definitions_nearby
from ..names.receiver import ReceiverTypes, receiver_types
from ..names.types import Types
from ..neighbours import read_neighbours
from ..scope import Scope, word_of

_MAX_FROM_MODULE = 4000
_MAX_FROM_LIBRARY = 80
_MAX_UNUSED = 200
"""Symbols whose names occur nowhere near, and for which one fact alone speaks, are noted only up to so many a fact."""


class Evidence:
    """What speaks for the symbols that the code at one cursor may need.

    `facts`: by symbol, each with its strength, of which the greatest stays. `reasons`: what to tell people of a fact.
    `types_nearby` and `modules_nearby` are the types and modules of the expressions around the cursor, each with the
    nearness of the nearest (from 1 down); some kinds add to them and later ones read them.
    """

    def __init__(self, scope: Scope, names: Names) -> None:
        self.scope = scope
        self.names = names
        self.types = Types(names, scope.variables, scope.cursor.line, self._self_type(), self._outer_types())
        self.neighbours = read_neighbours(scope.document, names.project)
        self.facts: dict[Symbol, dict[Fact, float]] = {}
        self.reasons: dict[Symbol, dict[Fact, str]] = {}
        self.types_nearby: dict[Symbol, tuple[float, str]] = {}
        self.modules_nearby: dict[Module, float] = {}
        self._unused_count: Counter[Fact] = Counter()
        self._constructors: dict[Symbol, list[Symbol]] = {}

    def _self_type(self) -> Symbol | None:
        name = self.scope.type_name
        found = self.names.find(name, self.names.path) if name else ()
        return next((entity for entity in found if isinstance(entity, Symbol)), None)

    def _outer_types(self) -> list[Symbol]:
        definitions = self.scope.outline.definitions
        around = [number for number in reversed(self.scope.enclosing) if definitions[number].kind == "class"]
        return [Symbol(self.names.path, number) for number in around[1:]]

    # --- what kinds ask ------------------------------------------------------------------------------------------

    @cached_property
    def receiver(self) -> ReceiverTypes | None:
        """The expression whose member is being written at the cursor, and its types."""
        found = self.scope.receiver
        return None if found is None else receiver_types(found[0], self.types)

    @cached_property
    def definitions_nearby(self) -> Mapping[str, Sequence[Symbol]]:
        """What the files around define under names that the document or its neighbours use; empty in languages where
        names alone are no evidence."""
        if not self.names.grammar.by_name:
            return {}
        words = self.neighbours.counts.keys() | self.scope.counts.keys()
        return definitions_nearby(words, self.names.path, self.names.project, self.names.grammar.resolver)

    def occurs(self, name: str) -> bool:
        """Whether a name stands in the document, or in the files beside it."""
        word = word_of(name)
        return word in self.scope.counts or word in self.neighbours.counts

    # --- what kinds note -----------------------------------------------------------------------------------------

    def note(self, symbol: Symbol, fact: Fact, value: float, reason: str) -> None:
        """A fact about one symbol; one of the document itself needs no context."""
        if symbol.path == self.names.path:
            return
        facts = self.facts.setdefault(symbol, {})
        if facts.get(fact, 0.0) < value:
            facts[fact] = value
            self.reasons.setdefault(symbol, {})[fact] = reason

    def note_group(self, symbols: Sequence[Symbol], fact: Fact, value: float, reason: str) -> None:
        """A fact about all of a group, and how large the group is."""
        group_size, size = GROUP_SIZE[fact], log(1 + len(symbols))
        for symbol in symbols:
            noted = self.facts.get(symbol)
            if noted is None:
                if fact != Fact.RECEIVER and not self.occurs(self.names.definition(symbol).name):
                    self._unused_count[fact] += 1
                    if self._unused_count[fact] > _MAX_UNUSED:
                        continue
            elif noted.get(fact, 0.0) >= value and noted.get(group_size, 0.0) >= size:
                continue
            self.note(symbol, fact, value, reason)
            self.note(symbol, group_size, size, reason)

    def note_members(self, type: Symbol, fact: Fact, value: float, reason: str) -> None:
        self.note_group(self.names.members(type)[0], fact, value, reason)

    def note_module(self, module: Module, fact: Fact, value: float, reason: str) -> None:
        # An installed package is large, and passes on what others define: only what stands in its own front is noted.
        library = any(map(self.names.project.paths.is_library, module.files[:1])) and fact != Fact.RECEIVER
        contents = self.names.contents(module, 0) if library else self.names.contents(module)
        limit = _MAX_FROM_LIBRARY if library else _MAX_FROM_MODULE
        self.note_group(list(islice(contents, limit)), fact, value, reason)

    def note_constructors(self, type: Symbol, fact: Fact, value: float, reason: str) -> None:
        for member in self._constructors_of(type):
            self.note(member, fact, value, reason)

    def _constructors_of(self, type: Symbol) -> list[Symbol]:
        found = self._constructors.get(type)
        if found is None:
            found = self._constructors[type] = []
            definition = self.names.definition(type)
            for member in self.names.members(type)[0] if definition.kind == "class" else ():
                name = self.names.definition(member).name
                if name in self.names.grammar.constructors or name == definition.name:
                    found.append(member)
        return found

    def remember_type(self, type: Symbol, nearness: float, reason: str) -> None:
        """Adds to the types nearby; the nearest expression of a type counts."""
        if nearness > self.types_nearby.get(type, (0.0, ""))[0]:
            self.types_nearby[type] = nearness, reason

    def remember_module(self, module: Module, nearness: float) -> None:
        """Adds to the modules nearby."""
        self.modules_nearby[module] = max(nearness, self.modules_nearby.get(module, 0.0))
