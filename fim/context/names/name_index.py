"""Indexes over many files: which of them have a name, and which extend a type."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, MutableMapping, Sequence
from typing import Any
from weakref import ref

from ...code import Outline

_FEW_FILES = 4


class NameIndex:
    """The files that have a name, of all that were asked about; it outlives the cursor, and an outline that is not the
    one it knows replaces that."""

    def __init__(self, names_of: Callable[[Outline], Iterable[str]]) -> None:
        self._names_of = names_of
        self._known: dict[str, tuple[ref[Outline], tuple[str, ...]]] = {}
        self._files: dict[str, dict[str, None]] = {}

    def take(self, file: str, outline: Outline) -> None:
        """Notes what a file has by now."""
        if (known := self._known.get(file)) is not None:
            if known[0]() is outline:
                return
            for name in known[1]:
                del self._files[name][file]
        names = tuple(dict.fromkeys(self._names_of(outline)))
        self._known[file] = ref(outline), names
        for name in names:
            self._files.setdefault(name, {})[file] = None

    def among(self, name: str, places: dict[str, int]) -> list[str]:
        """Those of the files in `places` that have the name, in their order there."""
        having = self._files.get(name)
        if not having:
            return []
        fewer, others = (having, places) if len(having) < len(places) else (places, having)
        return sorted((file for file in fewer if file in others), key=places.__getitem__)


def _handed_out(outline: Outline) -> Iterator[str]:
    """What a file defines or passes on, which may be all of a module: `*`."""
    yield from outline.top
    yield from ("*" if item.name == "*" else item.alias for item in outline.imports if item.exported)


def _said_more(outline: Outline) -> Iterable[str]:
    return outline.scopes


class Holders:
    """Answers for one cursor, from outlines that are parsed when they are first asked for. `memo`: the project's, which
    keeps the indexes."""

    def __init__(self, outline: Callable[[str], Outline], memo: MutableMapping[Hashable, Any]) -> None:
        self._outline = outline
        self._memo = memo
        self._names = _kept_index(memo, _handed_out)
        self._scopes = _kept_index(memo, _said_more)
        self._taken: set[str] = set()
        self._extending: dict[str, list[tuple[str, int]]] | None = None
        self._adding: dict[str, list[tuple[str, int]]] | None = None

    def of(self, name: str, files: tuple[str, ...]) -> Sequence[str]:
        """Those of `files` that may define or re-export a name; all where they are few."""
        if len(files) <= _FEW_FILES:
            return files
        places = self._indexed(files)
        return [*self._names.among(name, places), *self._names.among("*", places)]

    def saying_more(self, name: str, files: tuple[str, ...]) -> Sequence[str]:
        """Those of `files` that may say more about a type; all where they are few."""
        return files if len(files) <= _FEW_FILES else self._scopes.among(name, self._indexed(files))

    def _indexed(self, files: tuple[str, ...]) -> dict[str, int]:
        """The places of the files, which the indexes know as they are by now.

        They are kept by the identity of the tuple, which is held: its hash takes as long as many answers.
        """
        key = "places", id(files)
        if (found := self._memo.get(key)) is None:
            found = self._memo[key] = files, {file: place for place, file in reversed(list(enumerate(files)))}
        places = found[1]
        if not self._taken.issuperset(places):
            for file in (file for file in files if file not in self._taken):
                outline = self._outline(file)
                self._names.take(file, outline)
                self._scopes.take(file, outline)
            self._taken.update(places)
        return places

    def extensions(self, type: str, in_scope: Callable[[], Iterator[str]]) -> Sequence[tuple[str, int]]:
        """The extension functions of a type in the files that are in scope, each with its number in its outline."""
        if self._extending is None:
            self._extending = {}
            for file in dict.fromkeys(in_scope()):
                for receiver, numbers in self._outline(file).extensions.items():
                    self._extending.setdefault(receiver, []).extend((file, number) for number in numbers)
        return self._extending.get(type, ())

    def scopes(self, type: str, in_scope: Callable[[], Iterator[str]]) -> Sequence[tuple[str, int]]:
        """Where the files that are in scope say more about a type, each with its number in its outline."""
        if self._adding is None:
            self._adding = {}
            for file in dict.fromkeys(in_scope()):
                for name, numbers in self._outline(file).scopes.items():
                    self._adding.setdefault(name, []).extend((file, number) for number in numbers)
        return self._adding.get(type, ())


def _kept_index(memo: MutableMapping[Hashable, Any], names_of: Callable[[Outline], Iterable[str]]) -> NameIndex:
    key = NameIndex, names_of
    if (found := memo.get(key)) is None:
        found = memo[key] = NameIndex(names_of)
    return found
