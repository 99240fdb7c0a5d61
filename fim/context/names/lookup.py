"""Names across files: what a name means in a file, following imports, packages and re-exports."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from weakref import ref

from ...code import Definition, Grammar, Import, Outline, grammar_of
from ...languages import language_of_path
from ...resolve import Project, Resolver, resolver_named
from ...text import Document
from .entities import Entity, Module, Symbol
from .includes import Includes
from .name_index import DefinitionIndex, FileList

MAX_HOPS = 3
_MAX_REEXPORTS = 6
_MAX_EXTENDING = 40
DEFAULT = "default"  # the name of what a module exports as itself


class Lookup:
    """Answers for one cursor: `here` is the outline of the document under it, whatever the project has of it."""

    def __init__(self, project: Project, document: Document, here: Outline, grammar: Grammar) -> None:
        self.project = project
        self.path = document.path
        self._document = document
        self.grammar = grammar
        self._outlines = {document.path: here}
        self._resolver: Resolver = resolver_named(grammar.resolver)
        self._found: dict[tuple[str, str, int], list[Entity]] = {}
        self._exported: dict[tuple[str, str, int], list[Entity]] = {}
        self._types_meant: dict[tuple[str, str], list[Symbol]] = {}
        self._memo = project.memo
        self._index = DefinitionIndex(self.outline, self._memo)
        self._includes = Includes(document.path, MAX_HOPS, self.outline, self.modules, self._memo)

    def outline(self, path: str) -> Outline:
        found = self._outlines.get(path)
        if found is None:
            found = self._outlines[path] = self.project.outline(path)
        return found

    def document(self, path: str) -> Document | None:
        return self._document if path == self.path else self.project.document(path)

    def definition(self, symbol: Symbol) -> Definition:
        path, number = symbol
        return (self._outlines.get(path) or self.outline(path)).definitions[number]

    def grammar_at(self, path: str) -> Grammar:
        return self.grammar if path == self.path else grammar_of(path, language_of_path(path)) or self.grammar

    def modules(self, spec: str, name: str | None, importer: str) -> FileList:
        """The files of a module; see `Resolver.modules`."""
        key = (self.grammar.resolver, spec, name, importer)
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = FileList(self._resolver.modules(spec, name, importer, self.project))
        return found

    def package(self, name: str | None, path: str) -> FileList:
        """The files that are visible without an import; see `Resolver.package`."""
        key = (self.grammar.resolver, path, name)
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = FileList(self._resolver.package(name, path, self.project))
        return found

    def imported_files(self, path: str) -> frozenset[str]:
        """The files of all that a file imports."""
        key, outline = ("imported files", path), self.outline(path)
        known, found = self._memo.get(key, (None, frozenset()))
        if known is None or known() is not outline:
            items = ((item.module, item.name) for item in outline.imports)
            found = frozenset(file for item in items for file in self.modules(*item, path))
            self._memo[key] = ref(outline), found
        return found

    def find(self, name: str, path: str, hops: int = _MAX_REEXPORTS) -> list[Entity]:
        """What `name` means at the top level of a file: its own, imported, or of its package."""
        key = (name, path, hops)
        if key not in self._found:
            self._found[key] = []  # a name that leads back to itself means nothing
            self._found[key] = self._find(name, path, hops)
        return self._found[key]

    def _find(self, name: str, path: str, hops: int) -> list[Entity]:
        outline = self.outline(path)
        if own := outline.top.get(name):
            return [Symbol(path, number) for number in own]
        for item in outline.bound.get(name, ()):
            announced = not item.module and item.name == name  # C++'s `class Client;` says nothing of where it is
            if not announced and (found := self.imported(item, path, hops)):
                return found
        if self.grammar.open_namespaces:
            for file in self._includes.defining(name, path)[:1]:
                return [Symbol(file, number) for number in self.outline(file).top[name]]
        else:
            for item in outline.bound.get("*", ()):
                if found := self.in_module(item.module, name, path, hops - 1, star=True):
                    return found
        for file in self._index.exporting(name, self.package(name, path)):
            if own := self.outline(file).top.get(name):
                return [Symbol(file, number) for number in own]
        if own := outline.nested.get(name):
            return [Symbol(path, number) for number in own]
        roots = self.grammar.roots
        open_root = "*" in roots and (name[:1].isupper() or not self.grammar.constant_files)
        if (name in roots or open_root) and (files := self.modules(name, None, path)):
            return [Module(name, path, files)]
        # What is added to a type of elsewhere is known of it: `extension String`, `impl Trait for Vec<u8>`.
        for file in (path, *self._index.extending(name, self.package(name, path))):
            if own := self.outline(file).scopes.get(name):
                return [Symbol(file, own[0])]
        added = self._index.extension_scopes(name, self._in_scope) if path == self.path else ()
        return [Symbol(*place) for place in added[:1]]

    def included(self) -> Iterator[list[Symbol]]:
        """What includes bring into scope, each file's own, the nearest files first."""
        for file in self._includes.files(self.path):
            if file != self.path:
                yield [Symbol(file, number) for numbers in self.outline(file).top.values() for number in numbers]

    def imported(self, item: Import, path: str, hops: int = _MAX_REEXPORTS) -> list[Entity]:
        """What an import of the file `path` binds."""
        if hops < 0:
            return []
        if item.name not in (None, "*"):
            found = self.in_module(item.module, item.name or "", path, hops)
            if found or item.name != DEFAULT or not item.module:
                return found
        # A module as a value is all that it exports, and what it exports by default (`module.exports = Client`).
        files = self.modules(item.module, None, path)
        others = [file for file in files if file != path and not item.name]
        whole = [entity for file in others for entity in self.exported(DEFAULT, file, hops)]
        return [*whole, Module(item.module, path, files)] if files else []

    def in_module(
        self, spec: str, name: str, importer: str, hops: int = _MAX_REEXPORTS, *, star: bool = False
    ) -> list[Entity]:
        """What `name` is in the module `spec`: what it defines or re-exports, or a module in it, but for a `star`."""
        if hops < 0:
            return []
        if not spec:  # the file itself, under another name
            return self.find(name, importer, hops - 1)
        for file in self._index.exporting(name, self.modules(spec, name, importer)):
            if file != importer and (found := self.exported(name, file, hops) or self._of_default(name, file, hops)):
                return found
        if separator := self.grammar.separator:
            inner = spec + name if spec.endswith(separator) else spec + separator + name
            if found := self._in_type(spec, name, importer, hops):
                return found
            if star:
                return []
            if files := self.modules(inner, None, importer):
                return [Module(inner, importer, files)]
        return []

    def _in_type(self, spec: str, name: str, importer: str, hops: int) -> list[Entity]:
        """What `name` is where `spec` is not a module but a type in one: nested, static or an enumeration's."""
        key = (spec, importer)
        if key not in self._types_meant:
            self._types_meant[key] = []
            module, _, type = spec.rpartition(self.grammar.separator or ".")
            found = self.in_module(module, type, importer, hops - 1) if type else []
            self._types_meant[key] = [entity for entity in found if isinstance(entity, Symbol)]
        return [member for owner in self._types_meant[key] for member in self.step(owner, name)]

    def _of_default(self, name: str, path: str, hops: int) -> list[Entity]:
        """What `name` is in the one value that a file exports, as CommonJS and Lua do."""
        if name == DEFAULT or DEFAULT not in self.outline(path).bound:
            return []
        values = [entity for entity in self.exported(DEFAULT, path, hops) if isinstance(entity, Symbol)]
        return [member for value in values for member in self.step(value, name)]

    def exported(self, name: str, path: str, hops: int = _MAX_REEXPORTS) -> list[Entity]:
        """What `name` means to those who import it from the file `path`."""
        key = (name, path, hops)
        if key not in self._exported:
            self._exported[key] = []
            self._exported[key] = self._seek_exported(name, path, hops)
        return self._exported[key]

    def _seek_exported(self, name: str, path: str, hops: int) -> list[Entity]:
        outline = self.outline(path)
        own: list[Entity] = [Symbol(path, number) for number in outline.top.get(name, ())]
        for item in outline.bound.get(name, ()):
            renamed = not item.module and item.name != name  # `exports = { name: other }`: the line, and what it names
            if item.exported and (renamed or not own) and (found := self.imported(item, path, hops - 1)):
                return [*found, *own]
        if own:
            return own
        for item in outline.bound.get("*", ()):
            if item.exported and (found := self.in_module(item.module, name, path, hops - 1, star=True)):
                return found
        return []

    def contents(self, module: Module, hops: int = MAX_HOPS, seen: set[str] | None = None) -> Iterator[Symbol]:
        """What a module defines, then what it takes over from others."""
        seen = {self.path} if seen is None else seen
        for file in module.files:
            if file in seen:
                continue
            seen.add(file)
            outline = self.outline(file)
            for numbers in outline.top.values():
                yield from (Symbol(file, number) for number in numbers)
            for item in outline.imports if hops else ():
                if not item.exported:
                    continue
                if item.name == "*":
                    files = self.modules(item.module, None, file)
                    yield from self.contents(Module(item.module, file, files), hops - 1, seen)
                elif item.name is not None:
                    yield from (e for e in self.imported(item, file) if isinstance(e, Symbol))

    def _in_scope(self) -> Iterator[str]:
        """The files whose extension functions are in scope at the cursor."""
        yield from (self.path, *self.package(None, self.path))
        for item in self.outline(self.path).imports:
            yield from self.modules(item.module, None if item.name == "*" else item.name, self.path)[:_MAX_EXTENDING]

    @abstractmethod
    def step(self, entity: Entity, name: str) -> list[Entity]:
        """What `entity.name` is."""
