"""Indexes over many files: which of them have a name, and which extend a type."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from functools import cached_property
from typing import Any
from weakref import ref

from ...code import Outline

_FEW_FILES = 4


class FileList(tuple[str, ...]):
    """Paths of files in an order, which is remembered: the same long list is asked for many names."""

    @cached_property
    def places(self) -> Mapping[str, int]:
        """The place of each file; its first one, if it stands there twice."""
        return {file: place for place, file in reversed(list(enumerate(self)))}


class NameIndex:
    """The files that have a name, of all that were asked about; it outlives the cursor, and an outline that is not the
    one it knows replaces that."""

    def __init__(self, names_of: Callable[[Outline], Iterable[str]]) -> None:
        self._names_of = names_of
        self._known: dict[str, tuple[ref[Outline], tuple[str, ...]]] = {}
        self._files: dict[str, dict[str, None]] = {}

    def take(self, file: str, outline: Outline) -> None:
        """Notes what a file has by now."""
        known = self._known.get(file)
        if known is not None:
            if known[0]() is outline:
                return
            for name in known[1]:
                del self._files[name][file]
        names = tuple(dict.fromkeys(self._names_of(outline)))
        self._known[file] = ref(outline), names
        for name in names:
            self._files.setdefault(name, {})[file] = None

    def among(self, name: str, places: Mapping[str, int]) -> list[str]:
        """Those of the files in `places` that have the name, in their order there."""
        having = self._files.get(name)
        if not having:
            return []
        fewer, others = (having, places) if len(having) < len(places) else (places, having)
        return sorted((file for file in fewer if file in others), key=places.__getitem__)


def _exported_names(outline: Outline) -> Iterator[str]:
    """What a file defines or passes on, which may be all of a module: `*`."""
    yield from outline.top
    for item in outline.imports:
        if item.exported:
            yield "*" if item.name == "*" else item.alias


def _extended_types(outline: Outline) -> Iterable[str]:
    return outline.scopes


class DefinitionIndex:
    """Which files define a name or extend a type, for one cursor; outlines are parsed when they are first asked for.
    `memo`: the project's, which keeps the indexes."""

    def __init__(self, outline: Callable[[str], Outline], memo: MutableMapping[Hashable, Any]) -> None:
        self._outline = outline
        self._memo = memo
        self._exported = _kept_index(memo, _exported_names)
        self._extended = _kept_index(memo, _extended_types)
        self._taken: set[str] = set()
        self._extension_functions: Mapping[str, list[tuple[str, int]]] | None = None
        self._extension_scopes: Mapping[str, list[tuple[str, int]]] | None = None

    def exporting(self, name: str, files: FileList) -> Sequence[str]:
        """Those of `files` that may define or re-export a name; all where they are few."""
        if len(files) <= _FEW_FILES:
            return files
        self._take_all(files)
        return [*self._exported.among(name, files.places), *self._exported.among("*", files.places)]

    def extending(self, type: str, files: FileList) -> Sequence[str]:
        """Those of `files` that may say more about a type; all where they are few."""
        if len(files) <= _FEW_FILES:
            return files
        self._take_all(files)
        return self._extended.among(type, files.places)

    def _take_all(self, files: FileList) -> None:
        """Has the indexes know the files as they are by now."""
        if self._taken.issuperset(files.places):
            return
        for file in files:
            if file not in self._taken:
                outline = self._outline(file)
                self._exported.take(file, outline)
                self._extended.take(file, outline)
        self._taken.update(files.places)

    def extension_functions(self, type: str, in_scope: Callable[[], Iterator[str]]) -> Sequence[tuple[str, int]]:
        """The extension functions of a type in the files that are in scope, each with its number in its outline."""
        if self._extension_functions is None:
            self._extension_functions = self._by_type(in_scope(), lambda outline: outline.extensions)
        return self._extension_functions.get(type, ())

    def extension_scopes(self, type: str, in_scope: Callable[[], Iterator[str]]) -> Sequence[tuple[str, int]]:
        """Where the files that are in scope say more about a type, each with its number in its outline."""
        if self._extension_scopes is None:
            self._extension_scopes = self._by_type(in_scope(), lambda outline: outline.scopes)
        return self._extension_scopes.get(type, ())

    def _by_type(
        self, files: Iterator[str], numbers_of: Callable[[Outline], Mapping[str, Sequence[int]]]
    ) -> Mapping[str, list[tuple[str, int]]]:
        found: dict[str, list[tuple[str, int]]] = {}
        for file in dict.fromkeys(files):
            for type, numbers in numbers_of(self._outline(file)).items():
                found.setdefault(type, []).extend((file, number) for number in numbers)
        return found


def _kept_index(memo: MutableMapping[Hashable, Any], names_of: Callable[[Outline], Iterable[str]]) -> NameIndex:
    key = NameIndex, names_of
    found = memo.get(key)
    if found is None:
        found = memo[key] = NameIndex(names_of)
    return found
