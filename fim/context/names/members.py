"""Names with their types' insides: members, those of bases included, and paths of names that lead through them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...code import Definition, Grammar, Outline
from ...resolve import Project
from ...text import Document
from .chains import type_names
from .entities import Entity, Module, Symbol
from .lookup import Lookup

_MAX_BASES = 24
_MAX_TYPES_NAMED = 6


class Names(Lookup):
    """Answers for one cursor: what names mean in files, and what the things they mean have in them."""

    def __init__(self, project: Project, document: Document, here: Outline, grammar: Grammar) -> None:
        super().__init__(project, document, here, grammar)
        self._members: dict[Symbol, tuple[list[Symbol], bool]] = {}
        self._members_named: dict[Symbol, dict[str, list[Entity]]] = {}

    def bases(self, symbol: Symbol) -> Iterator[tuple[str, list[Symbol]]]:
        """The bases of a type as written, also where more is said about it, and what they are."""
        definition = self.definition(symbol)
        outline = self.outline(symbol.path)
        texts: dict[str, None] = {}
        for number in (symbol.number, *outline.scopes.get(definition.name, ())):
            texts.update(dict.fromkeys(outline.definitions[number].bases))
        for text in texts:
            yield text, [entity for entity in self.resolve_type(text, symbol.path) if entity != symbol]

    def resolve_type(self, text: str, path: str) -> list[Symbol]:
        """The type of the workspace that a text such as `pkg.Client[T]` names first; none for one of elsewhere."""
        for dotted in type_names(text, self.grammar.expression_words):
            return self.follow(dotted, path)
        return []

    def types_named(self, text: str, path: str) -> Iterator[Symbol]:
        """The types of the workspace that a text such as a signature's parameters names, up to a few."""
        for dotted in type_names(text, self.grammar.expression_words)[:_MAX_TYPES_NAMED]:
            for symbol in self.follow(dotted, path):
                if self.definition(symbol).kind in ("class", "type"):
                    yield symbol

    def follow(self, parts: Sequence[str], path: str) -> list[Symbol]:
        """The symbols that a path of names leads to from a file's top level."""
        found = self.find(parts[0], path)
        if not found and self.grammar.open_namespaces and path != self.path:
            found = self.find(parts[0], self.path)  # announced there, defined where it is used
        for name in parts[1:]:
            starts, found = found, []
            for start in starts:
                found += self.step(start, name)
        return [entity for entity in found if isinstance(entity, Symbol)]

    def step(self, entity: Entity, name: str) -> list[Entity]:
        """What `entity.name` is."""
        if isinstance(entity, Module):
            # By its name first: a module of many files (a namespace) need not be searched.
            return self.in_module(entity.spec, name, entity.importer) or self._in_files(entity, name)
        found = self._in_namespace(entity, name) if self.definition(entity).kind == "module" else []
        return found or self._member(entity, name) or self._in_type_file(entity, name)

    def _in_files(self, module: Module, name: str) -> list[Entity]:
        for file in module.files:
            found = self.exported(name, file)
            if found:
                return found
        return []

    def _member(self, type: Symbol, name: str) -> list[Entity]:
        """The members of a type with a name."""
        named = self._members_named.get(type)
        if named is None:
            members, named = self.members(type)[0], {}
            for member in members:
                named.setdefault(self.definition(member).name, []).append(member)
            if members:  # none while they are still being sought
                self._members_named[type] = named
        return named.get(name, [])

    def _in_type_file(self, symbol: Symbol, name: str) -> list[Entity]:
        """A type that stands in another one without being its member, or has a file of its own (Ruby)."""
        definitions, top = self.outline(symbol.path).definitions, self.outline(symbol.path).top
        own: list[Entity] = [
            Symbol(symbol.path, n) for n in top.get(name, ()) if definitions[n].inside == symbol.number
        ]
        if own or not name[:1].isupper() or not self.grammar.constant_files:
            return own
        for file in self.package(name, symbol.path):
            numbers = self.outline(file).top.get(name)
            if numbers:
                return [Symbol(file, number) for number in numbers]
        return []

    def _top_inside(self, symbol: Symbol, name: str) -> list[Entity]:
        """What is called so, stands in a type or module, and is no member."""
        outline = self.outline(symbol.path)
        numbers = [n for n in outline.top.get(name, ()) if outline.definitions[n].inside == symbol.number]
        return [Symbol(symbol.path, number) for number in numbers]

    def _in_namespace(self, symbol: Symbol, name: str) -> list[Entity]:
        """What stands in a module that is written in a file; Ruby has its parts in files of their own."""
        own = self._top_inside(symbol, name)
        if own:
            return own
        if self.grammar.open_namespaces:
            return self.find(name, symbol.path) or self.find(name, self.path)
        return self.find(name, symbol.path) if name[:1].isupper() else []

    def members(self, symbol: Symbol) -> tuple[list[Symbol], bool]:
        """The members of a type, its own before its bases', and whether they are all there are."""
        if symbol not in self._members:
            self._members[symbol] = ([], False)
            self._members[symbol] = self._seek_members(symbol)
        return self._members[symbol]

    def _own_members(self, type: Definition, path: str) -> Iterator[int]:
        """The members of a type in a file; not those of another that has its name in another type."""
        outline = self.outline(path)
        for number in outline.members.get(type.name, ()):
            inside = outline.definitions[number].inside
            around = outline.definitions[inside] if inside is not None else None
            if around is None or around.kind == "scope" or around.name != type.name or around.owner == type.owner:
                yield number

    def _parts(self, symbol: Symbol) -> list[Symbol]:
        """A namespace, in all included files where it is open, and in those of the folder that has its name (Ruby)."""
        name = self.definition(symbol).name
        files = [*self._includes.defining(name, self.path)] if self.grammar.open_namespaces else []
        if self.grammar.constant_files:
            files += [file for file in self.modules(name, None, symbol.path) if name in self.outline(file).top]
        found = {symbol: None}
        for file in files:
            found.update((Symbol(file, number), None) for number in self.outline(file).top[name])
        return list(found)

    def _inside(self, symbol: Symbol) -> Iterator[Symbol]:
        for number, definition in enumerate(self.outline(symbol.path).definitions):
            if definition.inside == symbol.number:
                yield Symbol(symbol.path, number)

    def _seek_members(self, symbol: Symbol) -> tuple[list[Symbol], bool]:
        definition = self.definition(symbol)
        files = [symbol.path]
        if not self.grammar.open_namespaces:  # there, what a class has stands in its header
            files += (file for file in self.package(definition.name, symbol.path) if file != symbol.path)
        found: dict[Symbol, None] = {}
        for file in files:
            found.update((Symbol(file, number), None) for number in self._own_members(definition, file))
        if definition.kind == "module":
            for part in self._parts(symbol):
                found.update(dict.fromkeys(self._inside(part)))
        for place in self._index.extension_functions(definition.name, self._in_scope):
            found[Symbol(*place)] = None
        complete = definition.kind == "class"
        for _, base in list(self.bases(symbol))[:_MAX_BASES]:
            complete = complete and bool(base)
            for ancestor in base[:1]:
                inherited, all_known = self.members(ancestor)
                complete = complete and all_known
                found.update(dict.fromkeys(inherited))
        names = {self.definition(member).name for member in found}
        return list(found), complete and not names & self.grammar.dynamic
