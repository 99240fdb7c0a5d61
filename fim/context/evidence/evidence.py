"""What speaks for the symbols of other files that the code at a cursor may need.

Each source of evidence notes facts about symbols; `ranking` says what the facts are worth together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice
from math import log

from ..names.chains import parse_chain, type_names
from ..names.entities import Module, Symbol
from ..names.members import Names
from ..names.types import Types
from ..ranking import CONSTRUCTORS, Candidate, Ranking
from ..scope import Scope, word_of
from .by_name import note_by_name
from .neighbours import read_neighbours

_MAX_FROM_MODULE = 4000
_MAX_FROM_LIBRARY = 80
_MANY = 200  # symbols that one fact alone speaks for, and no name nearby, are candidates only up to so many
_BEST = 40
_NAMED_IN_SIGNATURE = 6


class Evidence:
    """Collects what speaks for the symbols that one cursor may need."""

    def __init__(self, scope: Scope, names: Names) -> None:
        self.scope = scope
        self.names = names
        self.types = Types(names, scope.variables, scope.cursor.line, self._self_type(), self._outer_types())
        self.neighbours = read_neighbours(scope.document, names.project)
        self.facts: dict[Symbol, dict[str, float]] = {}
        self._reasons: dict[Symbol, dict[str, str]] = {}
        self._types_nearby: dict[Symbol, tuple[float, str]] = {}
        self._modules_nearby: dict[Module, float] = {}
        self._unheard: Counter[str] = Counter()
        self._known_constructors: dict[Symbol, list[Symbol]] = {}
        self.ranking = Ranking(scope, names, self.neighbours)
        self._collect()

    def candidates(self) -> list[Candidate]:
        """All candidates, the likeliest first; equals in the order of paths and lines."""
        return self.ranking.candidates(self.all_facts(), self._reasons)

    def all_facts(self) -> dict[Symbol, dict[str, float]]:
        """All that is known about the symbols that most speaks for."""
        best = self.ranking.most_promising(self.facts)
        known = set(self.facts)
        self._types_of_signatures(best[:_BEST])
        return self.ranking.facts(self.facts, [*best, *(s for s in self.facts if s not in known)], self._relation())

    def _relation(self) -> str | None:
        """What it says of a symbol that it is no member of the receiver at the cursor."""
        if self.receiver is None:
            return None
        return "not of the receiver" if self.receiver[2] else "not of an unknown receiver"

    def _outer_types(self) -> list[Symbol]:
        around = (n for n in reversed(self.scope.enclosing) if self.scope.outline.definitions[n].kind == "class")
        return [Symbol(self.names.path, number) for number in around][1:]

    def _self_type(self) -> Symbol | None:
        name = self.scope.type_name
        found = self.names.find(name, self.names.path) if name else ()
        return next((entity for entity in found if isinstance(entity, Symbol)), None)

    def _collect(self) -> None:
        self._receiver_at_cursor()
        self._calls_at_cursor()
        self._literal_at_cursor()
        self._chains_nearby()
        self._variables_nearby()
        for type, (nearness, reason) in self._types_nearby.items():
            self.note(type, "type nearby", nearness, reason)
            self._note_members(type, "member nearby", nearness, reason)
        for module, nearness in self._modules_nearby.items():
            self._note_module(module, "module nearby", nearness, f"in module `{module.spec}`")
        self._imports()
        self._star_imports()
        self._inherited()
        self._package()
        note_by_name(self)

    # --- what is noted -------------------------------------------------------------------------------------------

    def note(self, symbol: Symbol, fact: str, value: float, reason: str) -> None:
        if symbol.path == self.names.path:
            return
        facts = self.facts.setdefault(symbol, {})
        if facts.get(fact, 0.0) < value:
            facts[fact] = value
            self._reasons.setdefault(symbol, {})[fact] = reason

    def _note_group(self, symbols: list[Symbol], fact: str, value: float, reason: str) -> None:
        """A fact about all of a group, and how large the group is."""
        crowd, size = f"{fact}: crowd", log(1 + len(symbols))
        for symbol in symbols:
            if (noted := self.facts.get(symbol)) is None:
                if fact != "receiver" and not self.occurs(self.names.definition(symbol).name):
                    self._unheard[fact] += 1
                    if self._unheard[fact] > _MANY:
                        continue
            elif noted.get(fact, 0.0) >= value and noted.get(crowd, 0.0) >= size:
                continue
            self.note(symbol, fact, value, reason)
            self.note(symbol, crowd, size, reason)

    def occurs(self, name: str) -> bool:
        """Whether a name stands in the document, or in the files beside it."""
        word = word_of(name)
        return word in self.scope.counts or word in self.neighbours.counts

    def _note_members(self, type: Symbol, fact: str, value: float, reason: str) -> None:
        self._note_group(self.names.members(type)[0], fact, value, reason)

    def _note_module(self, module: Module, fact: str, value: float, reason: str) -> None:
        # An installed package is large, and passes on what others define: only what stands in its own front is noted.
        library = any(map(self.names.project.paths.is_library, module.files[:1])) and fact != "receiver"
        contents = self.names.contents(module, 0) if library else self.names.contents(module)
        limit = _MAX_FROM_LIBRARY if library else _MAX_FROM_MODULE
        self._note_group(list(islice(contents, limit)), fact, value, reason)

    def _note_constructor(self, type: Symbol, fact: str, value: float, reason: str) -> None:
        for member in self._constructors(type):
            self.note(member, fact, value, reason)

    def _constructors(self, type: Symbol) -> list[Symbol]:
        if (found := self._known_constructors.get(type)) is None:
            definition, called = self.names.definition(type), self.names.definition
            members = self.names.members(type)[0] if definition.kind == "class" else ()
            found = [m for m in members if called(m).name in CONSTRUCTORS or called(m).name == definition.name]
            self._known_constructors[type] = found
        return found

    def _note_type(self, type: Symbol, nearness: float, reason: str) -> None:
        """Remembers the nearest expression of a type."""
        if nearness > self._types_nearby.get(type, (0.0, ""))[0]:
            self._types_nearby[type] = nearness, reason

    # --- sources of evidence -------------------------------------------------------------------------------------

    @cached_property
    def receiver(self) -> tuple[str, str, list[Symbol | Module]] | None:
        """The expression before the cursor, what is written of its member, and its types."""
        if (found := self.scope.receiver) is None:
            return None
        chain = parse_chain(found[0])
        modules = [entity for entity in self.types.denoted(chain) if isinstance(entity, Module)]
        return *found, [*self.types.of_chain(chain), *modules] or [*self.types.guess(chain)]

    def _receiver_at_cursor(self) -> None:
        if self.receiver is None:
            return
        expression, _, entities = self.receiver
        for entity in entities:
            if isinstance(entity, Module):
                self._note_module(entity, "receiver", 1.0, f"in module `{expression}`")
            else:
                self._note_members(entity, "receiver", 1.0, f"type of receiver `{expression}`")
                self.note(entity, "type of receiver", 1.0, f"type of receiver `{expression}`")

    def _calls_at_cursor(self) -> None:
        for number, call in enumerate(self.scope.open_calls):
            for entity in self.types.denoted(parse_chain(call)):
                if isinstance(entity, Symbol):
                    self.note(entity, "called", 1 / (1 + number), f"called here: `{call}`")
                    self._note_constructor(entity, "called", 1 / (1 + number), f"called here: `{call}`")
                    for type in self._named_in(self.names.definition(entity).parameters or "", entity.path):
                        self._note_members(type, "in a parameter", 1 / (1 + number), f"parameter of `{call}`")

    def _literal_at_cursor(self) -> None:
        if (literal := self.scope.literal) is None:
            return
        for type in self.types.of_chain(parse_chain(literal)):
            fields = [m for m in self.names.members(type)[0] if self.names.definition(m).kind == "field"]
            self._note_group(fields, "in a literal", 1.0, f"field of `{literal}`")

    def _chains_nearby(self) -> None:
        for text, nearness in self.scope.chains.items():
            chain = parse_chain(text)
            for end in range(len(chain), 0, -1):
                for entity in self.types.denoted(chain[:end]):
                    if isinstance(entity, Module):
                        self._modules_nearby[entity] = max(nearness, self._modules_nearby.get(entity, 0.0))
                        continue
                    self.note(entity, "named", nearness, f"named nearby: `{text}`")
                    self._note_constructor(entity, "constructor named", nearness, f"named nearby: `{text}`")
                    for type in self.types.value_of(entity, chain[end - 1]):
                        self._note_type(type, nearness, f"type of `{text}`")

    def _variables_nearby(self) -> None:
        for name, nearness in self.scope.words.items():
            for type in self.types.of_chain(parse_chain(name)):
                self._note_type(type, nearness, f"type of `{name}`")

    def _imports(self) -> None:
        for item in self.scope.outline.imports:
            if item.name == "*":
                continue
            unused = self.scope.counts.get(item.alias, 0) <= 1
            note = "unused" if unused else "imported"
            reason = f"imported as `{item.alias}`" + (" and not used yet" if unused else "")
            for entity in self.names.imported(item, self.names.path):
                if isinstance(entity, Module):
                    self._note_module(entity, f"in {note} module", 1.0, reason)
                    continue
                self.note(entity, note, 1.0, reason)
                self._note_constructor(entity, f"constructor of {note}", 1.0, reason)
                if self.names.definition(entity).kind in ("class", "type"):
                    self._note_members(entity, f"member of {note}", 1.0, reason)
                    self._note_static_members(entity, f"static of {note}", reason)

    def _note_static_members(self, type: Symbol, fact: str, reason: str) -> None:
        """Members that are used by the type's own name."""
        for member in self.names.members(type)[0]:
            if self.ranking.traits(member).static:
                self.note(member, fact, 1.0, reason)

    def _star_imports(self) -> None:
        if self.names.grammar.open_namespaces:
            for symbols in self.names.included():
                self._note_group(symbols, "star", 1.0, "included here")
                if not any(self.names.definition(symbol).name in self.scope.counts for symbol in symbols):
                    self._note_group(symbols, "unused header", 1.0, "included here, and nothing of it used yet")
            return
        seen, symbols = {self.names.path}, []
        for item in self.scope.outline.bound.get("*", ()):
            files = self.names.modules(item.module, None, self.names.path)
            symbols += self.names.contents(Module(item.module, self.names.path, files), seen=seen)
        self._note_group(symbols[:_MAX_FROM_MODULE], "star", 1.0, "included here")

    def _inherited(self) -> None:
        if (own := self.types.self_type) is None:
            return
        for text, bases in self.names.bases(own):
            for base in bases[:1]:
                self.note(base, "base", 1.0, f"base `{text}`")
                self._note_members(base, "inherited", 1.0, f"inherited from `{text}`")
        self._note_members(own, "own member", 1.0, "member of the same type")

    def _package(self) -> None:
        symbols = []
        for number, file in enumerate(self.names.package(None, self.names.path)):
            found = [Symbol(file, place) for places in self.names.outline(file).top.values() for place in places]
            for symbol in found:
                if symbol in self.facts or self.occurs(self.names.definition(symbol).name):
                    self.note(symbol, "package rank", log(1 + number), "same package")
            symbols += found
        self._note_group(symbols, "package", 1.0, "same package")

    def _types_of_signatures(self, best: Iterable[Symbol]) -> None:
        """Types that the most promising candidates take or give: one step further."""
        for rank, symbol in enumerate(best):
            definition = self.names.definition(symbol)
            for text in filter(None, (definition.type, definition.parameters)):
                for type in self._named_in(text, symbol.path):
                    self.note(type, "signature", 1 - rank / _BEST, f"in the signature of `{definition.name}`")

    def _named_in(self, text: str, path: str) -> Iterator[Symbol]:
        for number, dotted in enumerate(type_names(text, self.names.grammar.carriers)):
            if number == _NAMED_IN_SIGNATURE:
                return
            for symbol in self.names.follow(dotted, path):
                if self.names.definition(symbol).kind in ("class", "type"):
                    yield symbol
