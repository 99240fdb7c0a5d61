"""Types as far as text tells them: what an annotation names, and what an expression evaluates to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...code import Variable
from .chains import Chain, Step, parse_chain, type_names
from .entities import Entity, Module, Symbol
from .members import Names

_MAX_DEPTH = 6
_IMPORTED_TYPE = re.compile(r"""import\(["']([^"']+)["']\)\.(\w+)""")
_MAX_VARIABLES = 6


class Types:
    """What expressions at a cursor evaluate to. `variables`: those of the document, in order; `self_type`: the type
    whose method the cursor is in; `outer_types`: those around it, whose members are in scope too."""

    def __init__(
        self,
        names: Names,
        variables: Sequence[Variable],
        line: int,
        self_type: Symbol | None,
        outer_types: Sequence[Symbol] = (),
    ) -> None:
        self.names = names
        self._words = names.grammar.expression_words
        self.self_type = self_type
        self._implicit = [self_type, *outer_types] if self_type is not None else list(outer_types)
        self._line = line
        self._variables: dict[str, list[Variable]] = {}
        for variable in variables:
            self._variables.setdefault(variable.name, []).append(variable)
        self._values: dict[tuple[Chain, int], list[Entity]] = {}

    def parse(self, expression: str) -> Chain:
        """The chain at the start of an expression."""
        return parse_chain(expression, self._words)

    def of_chain(self, chain: Chain, depth: int = _MAX_DEPTH) -> list[Symbol]:
        if not chain:
            return []
        last = chain[-1]
        found: list[Symbol] = []
        for entity in self.denoted(chain, depth):
            found += self.value_of(entity, last, depth)
        return found

    def denoted(self, chain: Chain, depth: int = _MAX_DEPTH) -> list[Entity]:
        """What the last name of a chain stands for: a definition or a module; nothing for a local variable's name."""
        key = (chain, depth)
        if key not in self._values:
            self._values[key] = []
            self._values[key] = self._denote(chain, depth) if chain and depth > 0 else []
        return self._values[key]

    def _denote(self, chain: Chain, depth: int) -> list[Entity]:
        first, last = chain[0], chain[-1]
        if len(chain) == 1:
            return self._first(first, depth)
        found: list[Entity] = []
        for entity in self.denoted(chain[:-1], depth) or self.guess(chain[:-1]):
            if isinstance(entity, Module):
                found += self.names.step(entity, last.name)
            else:
                for type in self.value_of(entity, chain[-2], depth):
                    instance = [type] if last.name in self.names.grammar.instance else []
                    found += self.names.step(type, last.name) or instance
        if not found and last.name in self.names.grammar.elements:  # of a container of elsewhere
            step = chain[-2]
            found += self.of_chain((*chain[:-2], Step(step.name, step.called, indexed=True)), depth - 1)
        return found

    def guess(self, chain: Chain) -> list[Symbol]:
        """In languages that seldom write types: a class that is named as the variable is, of which nothing is known."""
        if not self.names.grammar.named_types or len(chain) != 1 or not chain[0].name.lstrip("$#")[:1].islower():
            return []
        name = "".join(part[:1].upper() + part[1:] for part in chain[0].name.lstrip("$#").split("_"))
        return self._named(name, self.names.path)

    def _first(self, step: Step, depth: int) -> list[Entity]:
        grammar = self.names.grammar
        if self.self_type is not None:
            if step.name in grammar.self:
                return [self.self_type]
            if step.name in grammar.super:
                found: list[Entity] = []
                for _, bases in self.names.bases(self.self_type):
                    found += bases
                return found
        variables = self._visible(step.name)
        if variables:
            types = (self.of_variable(variable, depth - 1, element=step.indexed) for variable in variables)
            return list(next(filter(None, types), ()))
        for type in self._implicit if grammar.implicit_self else ():
            members = self.names.step(type, step.name)
            if members:
                return members
        return self.names.find(step.name, self.names.path)

    def _visible(self, name: str) -> list[Variable]:
        """The variables with this name above the cursor, the one that was set last first: where its type cannot be
        told, that of the others is likely its own."""
        above = [variable for variable in self._variables.get(name, ()) if variable.line < self._line]
        return above[: -_MAX_VARIABLES - 1 : -1]

    def of_variable(self, variable: Variable, depth: int = _MAX_DEPTH, *, element: bool = False) -> list[Symbol]:
        if variable.type is not None:
            inner = self.of_type(variable.type, self.names.path, element=True) if element or variable.element else []
            return inner or self.of_type(variable.type, self.names.path)
        if variable.value is None or depth <= 0:
            return []
        chain = self.parse(variable.value)
        if variable.element and chain:
            chain = (*chain[:-1], Step(chain[-1].name, chain[-1].called, indexed=True))
        return self.of_chain(chain, depth)

    def of_type(self, text: str, path: str, *, element: bool = False) -> list[Symbol]:
        """The types of the workspace that a type's text means; the ones inside it where an `element` is wanted."""
        found = []
        there = _IMPORTED_TYPE.search(text)
        if there is not None:  # TypeScript and JSDoc: `import("./client").Client`
            entities = self.names.in_module(there[1], there[2], path)
            return [entity for entity in entities if isinstance(entity, Symbol)]
        for number, dotted in enumerate(type_names(text, self._words)):
            symbols = self.names.follow(dotted, path) or self._of_parameter(dotted, path)
            if number == 0 and symbols and not element:
                return symbols
            if number or not text.lstrip("*&? ").startswith(dotted[0]):
                found += symbols
            if found and (element or "|" in text):
                return found
        return found if element or "|" in text or text.startswith("(") else []

    def _of_parameter(self, dotted: Sequence[str], path: str) -> list[Symbol]:
        """The bound of a type parameter of the document, where `dotted` is one."""
        bounds = self._visible(dotted[0]) if len(dotted) == 1 and path == self.names.path else ()
        found = (self.of_type(bound.type, path) for bound in bounds if bound.type and dotted[0] not in bound.type)
        return next(filter(None, found), [])

    def value_of(self, entity: Entity, step: Step, depth: int = _MAX_DEPTH) -> list[Symbol]:
        """The types of the value that an entity is, after what `step` does with it."""
        if isinstance(entity, Module) or depth <= 0:
            return []
        definition = self.names.definition(entity)
        if definition.kind in ("class", "scope", "module"):
            return [entity]
        if definition.kind == "type":
            found: list[Symbol] = []
            for base in definition.bases:
                found += self.of_type(base, entity.path)
            own = definition.name in self.names.outline(entity.path).members
            return [entity, *found] if own or not found else found
        if definition.kind == "constant" and definition.parameters:  # a variant, made or taken apart
            own = self._named(definition.owner, entity.path)
            return own if step.called else self.of_type(definition.parameters, entity.path)
        if definition.kind == "function" and definition.type is None:
            # Without an annotation: a constructor by convention, on the type that it is called on.
            if step.called and definition.name in self.names.grammar.instance:
                return self._named(definition.owner, entity.path)
            return self._of_value(definition.value, entity, depth) or self._with_members(entity)
        if definition.type is not None:
            if self._is_own(definition.type):
                return self._named(definition.owner, entity.path)
            return self.of_type(definition.type, entity.path, element=step.indexed)
        return self._of_value(definition.value, entity, depth) or self._with_members(entity)

    def _is_own(self, text: str) -> bool:
        """Whether a type's text means the type that it stands in: `Self`, `Result<&mut Self>`."""
        named = (found[0].rpartition("::")[2] for found in re.finditer(r"[A-Za-z_]\w*(?:::\w+)*", text))
        return (
            next((n for n in named if n not in self.names.grammar.carriers and n != "mut"), None)
            in self.names.grammar.own_types
        )

    def _with_members(self, entity: Symbol) -> list[Symbol]:
        """What is its own type because members are set on it: a constructor function, an object made by a call."""
        definition = self.names.definition(entity)
        own = definition.owner is None and definition.name in self.names.outline(entity.path).members
        return [entity] if own else []

    def _of_value(self, value: str | None, entity: Symbol, depth: int) -> list[Symbol]:
        """The type of a field or constant that only its first value tells, as the names of its own file mean it."""
        chain = self.parse(value) if value else ()
        if not chain:
            return []
        if entity.path == self.names.path:
            return self.of_chain(chain, depth - 1)
        entities = self._inside(chain[0].name, entity)
        previous = chain[0]
        for step in chain[1:]:
            entities = self._following(entities, previous, step.name, depth)
            previous = step
        found: list[Symbol] = []
        for end in entities:
            found += self.value_of(end, previous, depth - 1)
        return found or self._imported(self.names.definition(entity).name, entity.path, depth)

    def _following(self, starts: Sequence[Entity], step: Step, name: str, depth: int) -> list[Entity]:
        """What a name is in what `starts` are after a step."""
        found: list[Entity] = []
        for start in starts:
            for place in [start] if isinstance(start, Module) else self.value_of(start, step, depth - 1):
                found += self.names.step(place, name)
        return found

    def _imported(self, name: str, path: str, depth: int) -> list[Symbol]:
        """What an import gives that sets a member: `M.net = require("net")`."""
        found: list[Symbol] = []
        for item in self.names.outline(path).bound.get(name, ()):
            for entity in self.names.imported(item, path):
                found += self.value_of(entity, Step(name), depth - 1)
        return found

    def _inside(self, name: str, entity: Symbol) -> list[Entity]:
        """What a name means where a definition of another file stands."""
        grammar = self.names.grammar
        around = self._named(self.names.definition(entity).owner, entity.path)
        if name in grammar.self:
            return list(around)
        members: list[Entity] = []
        for type in around if grammar.implicit_self else ():
            members += self.names.step(type, name)
        return members or self.names.find(name, entity.path)

    def _named(self, owner: str | None, path: str) -> list[Symbol]:
        return [e for e in self.names.find(owner, path) if isinstance(e, Symbol)] if owner else []
