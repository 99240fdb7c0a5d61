"""Names across files: what a name means in a file, following imports, packages and re-exports."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
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


def _symbols(path: str, numbers: Iterable[int]) -> list[Entity]:
    return [Symbol(path, number) for number in numbers]


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
            files: set[str] = set()
            for item in outline.imports:
                files.update(self.modules(item.module, item.name, path))
            found = frozenset(files)
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
        own = outline.top.get(name)
        if own:
            return _symbols(path, own)
        for item in outline.bound.get(name, ()):
            announced = not item.module and item.name == name  # C++'s `class Client;` says nothing of where it is
            found = [] if announced else self.imported(item, path, hops)
            if found:
                return found
        if self.grammar.open_namespaces:
            for file in self._includes.defining(name, path)[:1]:
                return _symbols(file, self.outline(file).top[name])
        else:
            for item in outline.bound.get("*", ()):
                found = self.in_module(item.module, name, path, hops - 1, star=True)
                if found:
                    return found
        for file in self._index.exporting(name, self.package(name, path)):
            own = self.outline(file).top.get(name)
            if own:
                return _symbols(file, own)
        if name in outline.nested:
            return _symbols(path, outline.nested[name])
        return self._root_module(name, path) or self._extended(name, path)

    def _root_module(self, name: str, path: str) -> list[Entity]:
        """A module whose path starts without an import."""
        roots = self.grammar.roots
        is_root = name in roots or ("*" in roots and (name[:1].isupper() or not self.grammar.constant_files))
        files = self.modules(name, None, path) if is_root else FileList()
        return [Module(name, path, files)] if files else []

    def _extended(self, name: str, path: str) -> list[Entity]:
        """What is added to a type of elsewhere is known of it: `extension String`, `impl Trait for Vec<u8>`."""
        for file in (path, *self._index.extending(name, self.package(name, path))):
            own = self.outline(file).scopes.get(name)
            if own:
                return [Symbol(file, own[0])]
        added = self._index.extension_scopes(name, self._in_scope) if path == self.path else ()
        return [Symbol(*place) for place in added[:1]]

    def included(self) -> Iterator[list[Symbol]]:
        """What includes bring into scope, each file's own, the nearest files first."""
        for file in self._includes.files(self.path):
            if file != self.path:
                yield list(self._top_of(file))

    def _top_of(self, file: str) -> Iterator[Symbol]:
        """What stands at the top level of a file."""
        for numbers in self.outline(file).top.values():
            for number in numbers:
                yield Symbol(file, number)

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
        whole: list[Entity] = []
        for file in files:
            if file != path and not item.name:
                whole += self.exported(DEFAULT, file, hops)
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
            if file == importer:
                continue
            found = self.exported(name, file, hops) or self._of_default(name, file, hops)
            if found:
                return found
        separator = self.grammar.separator
        if separator is None:
            return []
        found = self._in_type(spec, name, importer, hops)
        if found or star:
            return found
        inner = spec + name if spec.endswith(separator) else spec + separator + name
        files = self.modules(inner, None, importer)
        return [Module(inner, importer, files)] if files else []

    def _in_type(self, spec: str, name: str, importer: str, hops: int) -> list[Entity]:
        """What `name` is where `spec` is not a module but a type in one: nested, static or an enumeration's."""
        key = (spec, importer)
        if key not in self._types_meant:
            self._types_meant[key] = []
            module, _, type = spec.rpartition(self.grammar.separator or ".")
            found = self.in_module(module, type, importer, hops - 1) if type else []
            self._types_meant[key] = [entity for entity in found if isinstance(entity, Symbol)]
        return self._members_of(self._types_meant[key], name)

    def _members_of(self, owners: Iterable[Symbol], name: str) -> list[Entity]:
        found: list[Entity] = []
        for owner in owners:
            found += self.step(owner, name)
        return found

    def _of_default(self, name: str, path: str, hops: int) -> list[Entity]:
        """What `name` is in the one value that a file exports, as CommonJS and Lua do."""
        if name == DEFAULT or DEFAULT not in self.outline(path).bound:
            return []
        values = [entity for entity in self.exported(DEFAULT, path, hops) if isinstance(entity, Symbol)]
        return self._members_of(values, name)

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
            found = self.imported(item, path, hops - 1) if item.exported and (renamed or not own) else []
            if found:
                return [*found, *own]
        if own:
            return own
        for item in outline.bound.get("*", ()):
            found = self.in_module(item.module, name, path, hops - 1, star=True) if item.exported else []
            if found:
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
            yield from self._top_of(file)
            for item in outline.imports if hops else ():
                if not item.exported:
                    continue
                if item.name == "*":
                    files = self.modules(item.module, None, file)
                    yield from self.contents(Module(item.module, file, files), hops - 1, seen)
                elif item.name is not None:
                    yield from (entity for entity in self.imported(item, file) if isinstance(entity, Symbol))

    def _in_scope(self) -> Iterator[str]:
        """The files whose extension functions are in scope at the cursor."""
        yield from (self.path, *self.package(None, self.path))
        for item in self.outline(self.path).imports:
            yield from self.modules(item.module, None if item.name == "*" else item.name, self.path)[:_MAX_EXTENDING]

    @abstractmethod
    def step(self, entity: Entity, name: str) -> list[Entity]:
        """What `entity.name` is."""
